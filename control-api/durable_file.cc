#include "control-api/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

namespace fs = std::filesystem;

Fail file_error(const std::string& what, const std::string& path, int error) {
  return fail(ErrorKind::kNetwork, what + " " + path + ": " + std::strerror(error));
}

Result<void> sync(int fd, const std::string& path) {
  if (fsync(fd) != 0) return file_error("sync", path, errno);
  return {};
}

/// The names in a folder are on disk once it is synced itself.
Result<void> sync_folder(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  const FileDescriptor fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return file_error("open", folder, errno);
  return sync(fd.get(), folder);
}

}  // namespace

Result<void> write_durably(const std::string& path, const std::string& text) {
  std::error_code ignored;  // If it cannot be made, opening the file says why.
  fs::create_directories(fs::path(path).parent_path(), ignored);
  const std::string fresh = path + ".new";
  constexpr mode_t kMode = 0644;
  {
    const FileDescriptor fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    if (!fd.is_open()) return file_error("open", fresh, errno);
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t written = write(fd.get(), text.data() + at, text.size() - at);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return file_error("write", fresh, written < 0 ? errno : ENOSPC);
      at += static_cast<std::size_t>(written);
    }
    if (auto synced = sync(fd.get(), fresh); !synced) return synced;
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return file_error("rename", fresh, errno);
  return sync_folder(path);
}

Result<void> remove_durably(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return {};
  if (unlink(path.c_str()) != 0) return file_error("remove", path, errno);
  static_cast<void>(sync_folder(path));
  return {};
}

}  // namespace faultline
