#include "toxics/rate.h"

#include <algorithm>

#include "toxics/toxic.h"

namespace faultline {

namespace {

constexpr std::uint64_t kBytesPerKilobyte = 1000;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::uint64_t kSmallestPiece = 128;
constexpr std::uint64_t kLargestPiece = 64 * 1024;

std::uint64_t to_bytes(std::int64_t kilobytes) {
  if (kilobytes <= 0) return 0;
  const auto rate = static_cast<std::uint64_t>(kilobytes);
  return rate > UINT64_MAX / kBytesPerKilobyte ? UINT64_MAX : rate * kBytesPerKilobyte;
}

}  // namespace

Rate::Rate(std::int64_t kilobytes_per_second) : bytes_per_second_(to_bytes(kilobytes_per_second)) {}

Duration Rate::time_for(std::uint64_t bytes) const {
  const auto wait =
      static_cast<unsigned __int128>(bytes) * kNanosecondsPerSecond / bytes_per_second_;
  const auto longest = static_cast<unsigned __int128>(kLongest.count());
  return Duration(static_cast<std::int64_t>(std::min(wait, longest)));
}

std::uint64_t Rate::bytes_in(Duration time) const {
  const auto bytes =
      static_cast<unsigned __int128>(time.count()) * bytes_per_second_ / kNanosecondsPerSecond;
  constexpr std::uint64_t kMost = UINT64_MAX / 4;
  return static_cast<std::uint64_t>(std::min<unsigned __int128>(bytes, kMost));
}

bool Rate::is_fast() const {
  constexpr std::uint64_t kFast = 10'000'000;
  return bytes_per_second_ >= kFast;
}

std::size_t Rate::piece(std::uint64_t pieces_per_second) const {
  return std::clamp(bytes_per_second_ / pieces_per_second, kSmallestPiece, kLargestPiece);
}

std::size_t Rate::window() const {
  constexpr std::uint64_t kWindowsPerSecond = 20;
  return std::max<std::size_t>(Toxic::kSmallWindow, bytes_per_second_ / kWindowsPerSecond);
}

}  // namespace faultline
