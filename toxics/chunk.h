#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace faultline {

/// Bytes on their way through a chain. Copying and splitting share the
/// storage; a Chunk and its copies belong to one thread's connection.
class Chunk {
 public:
  /// Copies `bytes`.
  explicit Chunk(std::string_view bytes, std::uint32_t burst = 0)
      : storage_(std::make_shared_for_overwrite<char[]>(bytes.size())),
        view_(storage_.get(), bytes.copy(storage_.get(), bytes.size())),
        burst_(burst) {}

  /// Takes the first `size` bytes of `storage`, without a copy.
  Chunk(std::shared_ptr<char[]> storage, std::size_t size, std::uint32_t burst)
      : storage_(std::move(storage)), view_(storage_.get(), size), burst_(burst) {}

  std::string_view bytes() const { return view_; }
  std::size_t size() const { return view_.size(); }

  /// Which burst of its link the bytes belong to: a new one starts after a pause
  /// or when the other side has spoken. A toxic that draws per burst draws by it.
  std::uint32_t burst() const { return burst_; }

  /// Cuts off and returns the first `count` bytes. REQUIRES: 0 < count < size().
  Chunk take_front(std::size_t count) {
    Chunk front = *this;
    front.view_ = view_.substr(0, count);
    remove_prefix(count);
    return front;
  }

  /// Forgets the first `count` bytes. REQUIRES: count <= size().
  void remove_prefix(std::size_t count) { view_.remove_prefix(count); }

 private:
  std::shared_ptr<char[]> storage_;
  std::string_view view_;  // Into *storage_.
  std::uint32_t burst_;
};

}  // namespace faultline
