#include "proxy/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace faultline {

namespace {

/// What a pipe is asked to hold. With less, bulk costs more calls; with more,
/// bytes leave the caches before they are sent (measured: docs/performance.md).
constexpr int kCapacity = 256 * 1024;

/// With less, the calls would cost more than the copies they save.
constexpr int kLeastCapacity = 64 * 1024;

constexpr std::size_t kMostTaken = 64;
constexpr std::size_t kMostFree = 8;

std::unique_ptr<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  auto pipe = std::make_unique<Pipe>();
  pipe->read_end = FileDescriptor(ends[0]);
  pipe->write_end = FileDescriptor(ends[1]);
  // Beyond fs.pipe-user-pages-soft a user gets what there is by default.
  int capacity = fcntl(ends[1], F_SETPIPE_SZ, kCapacity);
  if (capacity < 0) capacity = fcntl(ends[1], F_GETPIPE_SZ);
  if (capacity < kLeastCapacity) return nullptr;
  pipe->capacity = static_cast<std::size_t>(capacity);
  return pipe;
}

}  // namespace

std::unique_ptr<Pipe> PipePool::take() {
  if (taken_ >= kMostTaken) return nullptr;
  std::unique_ptr<Pipe> pipe;
  if (free_.empty()) {
    pipe = make_pipe();
    if (pipe == nullptr) return nullptr;
  } else {
    pipe = std::move(free_.back());
    free_.pop_back();
  }
  ++taken_;
  return pipe;
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
  --taken_;
  if (pipe->held == 0 && free_.size() < kMostFree) free_.push_back(std::move(pipe));
}

}  // namespace faultline
