#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "toxics/chunk.h"

namespace faultline {

/// The buffers that a worker reads into. One is at hand for whoever reads; what
/// was read is written on from there or, if it is to be held, becomes a chunk:
/// one that fills the buffer takes it along, without a copy.
///
/// Buffers that come back are kept for the next; those that nobody asks for go
/// back to the system bit by bit. Used by one thread, and outlives its chunks.
class BufferPool {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// kBufferBytes to read into. What is there is good until the callback is over.
  char* scratch();

  /// The first `size` bytes of the scratch buffer, to be kept. The buffer may
  /// be given away for that.
  Chunk keep(std::size_t size, Burst burst);

  /// Gives half of the buffers that nobody needs back to the system; to be
  /// called now and then.
  void trim();

 private:
  /// How a buffer that nobody has any more comes back.
  struct GiveBack {
    BufferPool* pool;
    void operator()(char* buffer) const noexcept { pool->give_back(buffer); }
  };

  void give_back(char* buffer) noexcept;

  std::shared_ptr<char[]> scratch_;
  std::vector<char*> free_;
};

}  // namespace faultline
