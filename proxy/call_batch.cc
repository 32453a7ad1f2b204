#include "proxy/call_batch.h"

#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/verify.h"
#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

constexpr ssize_t kPending = -ERANGE;  // No socket call gives that.

/// From one read's bytes to the next's: were it a power of two, all would
/// compete for the same few lines of the processor's caches.
constexpr std::size_t kStride = CallBatch::kReadBytes + 4096 + 64;

void unmap(char* buffers) {
  munmap(buffers, CallBatch::kMost * kStride);
}

ssize_t minus_errno(ssize_t result) {
  return result < 0 ? -errno : result;
}

ssize_t receive(int fd, char* data) {
  return minus_errno(::recv(fd, data, CallBatch::kReadBytes, MSG_DONTWAIT));
}

ssize_t send(int fd, std::string_view bytes) {
  return minus_errno(::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

/// Whether the ring, not the socket, has failed: nothing was moved, and a call
/// by itself will tell.
bool is_refused(ssize_t result) {
  switch (result) {
    case kPending:
    case -EINVAL:
    case -EOPNOTSUPP:
    case -ENOMEM:
    case -ENOBUFS:
    case -ECANCELED:
    case -EINTR:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct CallBatch::Ring {
  io_uring ring{};
  ~Ring() { io_uring_queue_exit(&ring); }

  void prepare_read(int fd, char* data, std::size_t which) {
    io_uring_sqe* entry = next();
    io_uring_prep_recv(entry, fd, data, kReadBytes, MSG_DONTWAIT);
    io_uring_sqe_set_data64(entry, which);
  }

  void prepare_write(int fd, std::string_view bytes, std::size_t which) {
    io_uring_sqe* entry = next();
    io_uring_prep_send(entry, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    io_uring_sqe_set_data64(entry, which);
  }

  /// Submits the `count` that were prepared and gives each result to `take`
  /// with its number. False if the kernel refuses: then some are missing, and
  /// the ring must not be used again.
  template <class Take>
  bool run(std::size_t count, const Take& take) {
    for (std::size_t taken = 0; taken < count;) {
      const int submitted = io_uring_submit_and_wait(&ring, 1);
      if (submitted < 0 && submitted != -EINTR) return false;
      io_uring_cqe* done = nullptr;
      for (; io_uring_peek_cqe(&ring, &done) == 0; ++taken) {
        take(io_uring_cqe_get_data64(done), done->res);
        io_uring_cqe_seen(&ring, done);
      }
    }
    return true;
  }

  /// Whether reads and writes of sockets do what they should. (Linux before 5.6
  /// has rings without them; a sandbox may allow a ring and not its use.)
  bool works() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    const FileDescriptor left(ends[0]);
    const FileDescriptor right(ends[1]);
    std::array<ssize_t, 2> results = {kPending, kPending};
    std::array<char, kReadBytes> nowhere;
    prepare_read(left.get(), nowhere.data(), 0);
    prepare_write(left.get(), "x", 1);
    const bool ran =
        run(results.size(), [&](std::size_t which, int result) { results.at(which) = result; });
    return ran && results[0] == -EAGAIN && results[1] == 1;
  }

 private:
  io_uring_sqe* next() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    VERIFY(entry != nullptr);
    return entry;
  }
};

CallBatch::CallBatch() : buffers_(nullptr, &unmap) {}

CallBatch::~CallBatch() = default;

bool CallBatch::is_available() {
  if (state_ == State::kUnknown) open();
  return state_ == State::kOn;
}

void CallBatch::open() {
  state_ = State::kOff;
  auto ring = std::make_unique<io_uring>();
  // Linux 6.1 has these, and they are cheaper; before that the plain kind will do.
  constexpr unsigned kOneThread = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  if (io_uring_queue_init(kMost, ring.get(), kOneThread) != 0 &&
      io_uring_queue_init(kMost, ring.get(), 0) != 0) {
    return;
  }
  ring_ = std::make_unique<Ring>();
  ring_->ring = *ring;
  void* memory = mmap(nullptr, kMost * kStride, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory != MAP_FAILED) buffers_.reset(static_cast<char*>(memory));
  if (buffers_ == nullptr || !ring_->works()) {
    ring_.reset();
    return;
  }
  state_ = State::kOn;
}

/// The kernel has refused: what it holds of this batch goes with the ring.
void CallBatch::give_up() {
  ring_.reset();
  state_ = State::kOff;
}

const CallBatch::Read* CallBatch::add_read(int fd) {
  VERIFY(read_count_ < kMost);
  char* const data = buffers_.get() + read_count_ * kStride;
  Read& read = reads_[read_count_];
  read = {.fd = fd, .data = data, .result = kPending};
  if (ring_ != nullptr) ring_->prepare_read(fd, data, read_count_);
  ++read_count_;
  return &read;
}

void CallBatch::read_all() {
  const std::size_t count = std::exchange(read_count_, 0);
  if (ring_ != nullptr && count > 0) {
    const auto take = [this](std::size_t which, int result) { reads_.at(which).result = result; };
    if (!ring_->run(count, take)) give_up();
  }
  for (std::size_t i = 0; i < count; ++i) {
    Read& read = reads_[i];
    if (is_refused(read.result)) read.result = receive(read.fd, read.data);
  }
}

void CallBatch::add_write(int fd, std::string_view bytes, BatchWriter& writer, std::size_t tag) {
  VERIFY(write_count_ < kMost);
  if (ring_ != nullptr) ring_->prepare_write(fd, bytes, write_count_);
  writes_[write_count_++] = {
      .fd = fd, .bytes = bytes, .writer = &writer, .tag = tag, .result = kPending};
}

void CallBatch::write_all() {
  const std::size_t count = std::exchange(write_count_, 0);
  if (ring_ != nullptr && count > 0) {
    const auto take = [this](std::size_t which, int result) { writes_.at(which).result = result; };
    if (!ring_->run(count, take)) give_up();
  }
  for (std::size_t i = 0; i < count; ++i) {
    Write& write = writes_[i];
    if (is_refused(write.result)) write.result = send(write.fd, write.bytes);
    write.writer->on_written(write.tag, write.result);
  }
  for (std::size_t i = 0; i < count; ++i) writes_[i].writer->on_batch_written();
}

}  // namespace faultline
