#include "proxy/call_batch.h"

#include <liburing.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

constexpr ssize_t kPending = -ERANGE;  // No socket call gives that.

void unmap(char* buffers) {
  munmap(buffers, CallBatch::kMost * CallBatch::kReadBytes);
}

ssize_t minus_errno(ssize_t result) {
  return result < 0 ? -errno : result;
}

}  // namespace

struct CallBatch::Ring {
  io_uring ring{};
  ~Ring() { io_uring_queue_exit(&ring); }

  /// Submits what was prepared and gives each result to `take` with the number
  /// it was prepared with. Fewer come if the kernel refuses.
  template <class Take>
  void run(std::size_t count, const Take& take) {
    std::size_t taken = 0;
    while (taken < count) {
      const int submitted = io_uring_submit_and_wait(&ring, 1);
      if (submitted < 0 && submitted != -EINTR) return;
      io_uring_cqe* done = nullptr;
      while (io_uring_peek_cqe(&ring, &done) == 0) {
        take(io_uring_cqe_get_data64(done), done->res);
        io_uring_cqe_seen(&ring, done);
        ++taken;
      }
    }
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
  void* memory = mmap(nullptr, kMost * kReadBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  buffers_.reset(static_cast<char*>(memory));
  state_ = State::kOn;
}

const CallBatch::Read* CallBatch::add_read(int fd) {
  VERIFY(read_count_ < kMost);
  char* const data = buffers_.get() + read_count_ * kReadBytes;
  Read& read = reads_[read_count_];
  read = {.fd = fd, .data = data, .result = kPending};
  io_uring_sqe* entry = io_uring_get_sqe(&ring_->ring);
  VERIFY(entry != nullptr);
  io_uring_prep_recv(entry, fd, data, kReadBytes, MSG_DONTWAIT);
  io_uring_sqe_set_data64(entry, read_count_++);
  return &read;
}

void CallBatch::read_all() {
  ring_->run(read_count_, [this](std::size_t which, int result) { reads_[which].result = result; });
  for (std::size_t i = 0; i < read_count_; ++i) {
    Read& read = reads_[i];
    if (read.result == kPending) {
      turn_off();
      read.result = minus_errno(::recv(read.fd, read.data, kReadBytes, MSG_DONTWAIT));
    }
  }
  read_count_ = 0;
}

void CallBatch::add_write(int fd, std::string_view bytes, BatchWriter& writer, std::size_t tag) {
  VERIFY(write_count_ < kMost);
  io_uring_sqe* entry = io_uring_get_sqe(&ring_->ring);
  VERIFY(entry != nullptr);
  io_uring_prep_send(entry, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  io_uring_sqe_set_data64(entry, write_count_);
  writes_[write_count_++] = {
      .fd = fd, .bytes = bytes, .writer = &writer, .tag = tag, .result = kPending};
}

void CallBatch::write_all() {
  if (write_count_ == 0) return;
  ring_->run(write_count_,
             [this](std::size_t which, int result) { writes_[which].result = result; });
  const std::size_t count = std::exchange(write_count_, 0);
  for (std::size_t i = 0; i < count; ++i) {
    Write& write = writes_[i];
    if (write.result == kPending) {
      turn_off();
      write.result = minus_errno(
          ::send(write.fd, write.bytes.data(), write.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
    }
    write.writer->on_written(write.tag, write.result);
  }
  for (std::size_t i = 0; i < count; ++i) writes_[i].writer->on_batch_written();
}

}  // namespace faultline
