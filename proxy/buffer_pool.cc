#include "proxy/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

/// Kept for the next at the most, 64 MiB a worker: unmapping while bytes flow
/// costs more than sending them (it has to be told to every processor).
constexpr std::size_t kMostFree = 1024;

/// Kept even if nobody asks for them.
constexpr std::size_t kLeastFree = 16;

/// Fewer bytes are copied: a buffer must not be held for the sake of a few, or
/// what is accounted for would not be what is used.
constexpr std::size_t kWorthABuffer = BufferPool::kBufferBytes / 4 * 3;

// From the system, not the heap: so that it gets back what a burst has needed.
char* map_buffer() {
  void* memory = mmap(nullptr, BufferPool::kBufferBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  VERIFY(memory != MAP_FAILED);  // Out of memory: that ends the process.
  return static_cast<char*>(memory);
}

void unmap_buffer(char* buffer) {
  munmap(buffer, BufferPool::kBufferBytes);
}

}  // namespace

BufferPool::~BufferPool() {
  scratch_.reset();
  for (char* buffer : free_) unmap_buffer(buffer);
}

char* BufferPool::scratch() {
  if (scratch_ == nullptr) {
    char* buffer = nullptr;
    if (free_.empty()) {
      buffer = map_buffer();
    } else {
      buffer = free_.back();
      free_.pop_back();
    }
    scratch_ = std::shared_ptr<char[]>(buffer, GiveBack{this});
  }
  return scratch_.get();
}

Chunk BufferPool::keep(std::size_t size, Burst burst) {
  if (size >= kWorthABuffer) return Chunk(std::exchange(scratch_, nullptr), size, burst);
  return Chunk(std::string_view(scratch_.get(), size), burst);
}

void BufferPool::trim() {
  const std::size_t fewer = std::max(kLeastFree, free_.size() / 2);
  for (; free_.size() > fewer; free_.pop_back()) unmap_buffer(free_.back());
}

void BufferPool::give_back(char* buffer) noexcept {
  if (free_.size() < kMostFree) {
    free_.push_back(buffer);
  } else {
    unmap_buffer(buffer);
  }
}

}  // namespace faultline
