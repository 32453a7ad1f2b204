#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace faultline {

/// Bytes on their way through a chain. Copying and splitting share the
/// storage; a Chunk and its copies belong to one thread's connection.
class Chunk {
 public:
  /// Copies `bytes`. `opens_burst`: these are the first bytes after a pause or
  /// after the other side spoke, so a toxic that draws per burst draws anew.
  explicit Chunk(std::string_view bytes, bool opens_burst = true)
      : storage_(std::make_shared_for_overwrite<char[]>(bytes.size())),
        view_(storage_.get(), bytes.copy(storage_.get(), bytes.size())),
        opens_burst_(opens_burst) {}

  /// Takes the first `size` bytes of `storage`, without a copy.
  Chunk(std::shared_ptr<char[]> storage, std::size_t size, bool opens_burst)
      : storage_(std::move(storage)), view_(storage_.get(), size), opens_burst_(opens_burst) {}

  std::string_view bytes() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool opens_burst() const { return opens_burst_; }

  /// Cuts off and returns the first `count` bytes; what is left no longer
  /// opens a burst. REQUIRES: 0 < count < size().
  Chunk take_front(std::size_t count) {
    Chunk front = *this;
    front.view_ = view_.substr(0, count);
    remove_prefix(count);
    return front;
  }

  /// Forgets the first `count` bytes. REQUIRES: count <= size().
  void remove_prefix(std::size_t count) {
    view_.remove_prefix(count);
    opens_burst_ = false;
  }

 private:
  std::shared_ptr<char[]> storage_;
  std::string_view view_;  // Into *storage_.
  bool opens_burst_;
};

}  // namespace faultline
