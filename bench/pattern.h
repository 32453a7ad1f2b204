#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace faultline::bench {

/// An endless stream of bytes that both ends know, so that each can check what
/// arrives. It repeats after a prime number of bytes: a piece that is lost,
/// doubled or moved does not fit any more. Small enough to stay in the cache.
class Pattern {
 public:
  Pattern();

  /// Most that one call to at() can give.
  static constexpr std::size_t kMostBytes = 128UL << 10;

  /// The bytes from `position` on, `most` or kMostBytes of them.
  std::string_view at(std::uint64_t position, std::size_t most) const;

  /// Whether `bytes` are those from `position` on. Any length.
  bool matches(std::uint64_t position, std::string_view bytes) const;

 private:
  static constexpr std::size_t kPeriod = 65'521;

  std::string bytes_;
};

}  // namespace faultline::bench
