#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace faultline {

/// Which burst bytes belong to: those of a message, as far as that can be seen
/// (BurstCounter). A toxic that draws per burst draws by one of these.
struct Burst {
  std::uint32_t of_link = 0;        ///< The link's bursts, one after another.
  std::uint32_t of_connection = 0;  ///< Of both links together: an answer has its question's.

  bool operator==(const Burst&) const = default;
};

/// Bytes on their way through a chain. Copying and splitting share the
/// storage; a Chunk and its copies belong to one thread's connection.
class Chunk {
 public:
  /// Copies `bytes`.
  explicit Chunk(std::string_view bytes, Burst burst = {})
      : storage_(std::make_shared_for_overwrite<char[]>(bytes.size())),
        view_(storage_.get(), bytes.copy(storage_.get(), bytes.size())),
        burst_(burst) {}

  /// Takes the first `size` bytes of `storage`, without a copy.
  Chunk(std::shared_ptr<char[]> storage, std::size_t size, Burst burst)
      : storage_(std::move(storage)), view_(storage_.get(), size), burst_(burst) {}

  std::string_view bytes() const { return view_; }
  std::size_t size() const { return view_.size(); }

  Burst burst() const { return burst_; }

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
  Burst burst_;
};

}  // namespace faultline
