#include "control-api/rotated_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace faultline {

RotatedFile::RotatedFile(std::string path, std::uint64_t most_bytes)
    : path_(std::move(path)), most_bytes_(most_bytes) {}

Result<void> RotatedFile::open() {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  constexpr mode_t kMode = 0644;
  file_ = FileDescriptor();  // Else its own lock would be in the way.
  FileDescriptor file(::open(path_.c_str(), kFlags, kMode));
  if (!file.is_open()) return cannot("opened");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return cannot("read");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::kNetwork, path_ + ": is not a regular file");
  }
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorKind::kNetwork, path_ + ": another process writes to it");
  }
  file_ = std::move(file);
  size_ = static_cast<std::uint64_t>(status.st_size);
  is_torn_ = false;
  return {};
}

Result<void> RotatedFile::append(std::string_view bytes) {
  if (!is_in_place()) {
    if (auto opened = open(); !opened) return opened;
  }
  if (is_torn_) {
    if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return cannot("cut");
    is_torn_ = false;
  }
  if (size_ > 0 && size_ + bytes.size() > most_bytes_) {
    if (auto rotated = rotate(); !rotated) return rotated;
  }
  if (auto written = write_all(bytes); !written) {
    // Half a batch is not left behind: it will be written again.
    is_torn_ = ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
    return written;
  }
  size_ += bytes.size();
  return {};
}

/// Whether what is open is what has the name.
bool RotatedFile::is_in_place() {
  struct stat ours {};
  struct stat theirs {};
  if (!file_.is_open() || fstat(file_.get(), &ours) != 0) return false;
  // Somebody may have cut it: logrotate's copytruncate does.
  size_ = std::min(size_, static_cast<std::uint64_t>(ours.st_size));
  return stat(path_.c_str(), &theirs) == 0 && ours.st_dev == theirs.st_dev &&
         ours.st_ino == theirs.st_ino;
}

Result<void> RotatedFile::rotate() {
  const auto name = [this](int number) {
    return number == 0 ? path_ : path_ + "." + std::to_string(number);
  };
  for (int number = kKept - 1; number >= 0; --number) {
    const int error = std::rename(name(number).c_str(), name(number + 1).c_str());
    if (error != 0 && errno != ENOENT) return cannot("renamed");
  }
  return open();
}

Result<void> RotatedFile::write_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fdatasync(file_.get()) != 0) return cannot("written");
  return {};
}

Fail RotatedFile::cannot(const std::string& what) const {
  return fail(ErrorKind::kNetwork, path_ + ": cannot be " + what + ": " + std::strerror(errno));
}

}  // namespace faultline
