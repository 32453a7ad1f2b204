#include "control-api/halt_latch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "control-api/json_reader.h"
#include "control-api/json_writer.h"
#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

namespace fs = std::filesystem;

Fail file_error(const std::string& what, const std::string& path, int error) {
  return fail(ErrorKind::kNetwork, what + " " + path + ": " + std::strerror(error));
}

std::string halt_json(const HaltLatch::Halt& halt) {
  return R"({"since":)" + json_string(halt.since) + R"(,"owner":)" + json_string(halt.owner) +
         R"(,"reason":)" + json_string(halt.reason) + "}\n";
}

/// The halt in `text`; nothing if it is none.
std::optional<HaltLatch::Halt> parse_halt(const std::string& text) {
  const auto document = parse_strict_json(text);
  const auto* map = document ? document->as<Document::Object>() : nullptr;
  if (map == nullptr) return std::nullopt;
  HaltLatch::Halt halt;
  for (const auto& [key, value] : *map) {
    const auto* field = value.as<std::string>();
    if (field == nullptr) return std::nullopt;
    if (key == "since") halt.since = *field;
    if (key == "owner") halt.owner = *field;
    if (key == "reason") halt.reason = *field;
  }
  return halt;
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

Result<void> write_file(const std::string& path, const std::string& text) {
  std::error_code ignored;  // If it cannot be made, opening the file says why.
  fs::create_directories(fs::path(path).parent_path(), ignored);
  const std::string fresh = path + ".new";
  constexpr mode_t kMode = 0644;
  {
    const FileDescriptor fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    if (!fd.is_open()) return file_error("open", fresh, errno);
    const ssize_t written = write(fd.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
      return file_error("write", fresh, written < 0 ? errno : ENOSPC);
    }
    if (auto synced = sync(fd.get(), fresh); !synced) return synced;
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return file_error("rename", fresh, errno);
  return sync_folder(path);
}

}  // namespace

HaltLatch::HaltLatch(std::string path) : path_(std::move(path)) {
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return;
  is_on_disk_ = true;
  std::ifstream file(path_, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  halt_ = file ? parse_halt(text.str()) : std::nullopt;
  if (!halt_) halt_ = Halt{"", "", "the file of an earlier halt cannot be read: " + path_};
}

Result<void> HaltLatch::set(Halt halt) {
  halt_ = std::move(halt);
  if (path_.empty()) return {};
  const Result<void> written = write_file(path_, halt_json(*halt_));
  is_on_disk_ = written.has_value();
  return written;
}

Result<void> HaltLatch::lift() {
  std::error_code error;
  const bool has_file = !path_.empty() && (fs::exists(path_, error) || error);
  if (has_file && unlink(path_.c_str()) != 0) return file_error("remove", path_, errno);
  halt_.reset();
  is_on_disk_ = false;
  // If the folder cannot be synced, a crash of the machine may bring the halt back: no harm.
  if (has_file) static_cast<void>(sync_folder(path_));
  return {};
}

}  // namespace faultline
