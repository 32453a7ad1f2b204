#include "toxics/bandwidth.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

constexpr std::uint64_t kBytesPerKilobyte = 1000;
constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::uint64_t kPiecesPerSecond = 100;
constexpr std::uint64_t kSmallestPiece = 128;
constexpr std::uint64_t kLargestPiece = 64 * 1024;

std::uint64_t to_bytes(std::int64_t kilobytes) {
  if (kilobytes <= 0) return 0;
  const auto rate = static_cast<std::uint64_t>(kilobytes);
  return rate > UINT64_MAX / kBytesPerKilobyte ? UINT64_MAX : rate * kBytesPerKilobyte;
}

}  // namespace

Bandwidth::Bandwidth(std::int64_t kilobytes_per_second)
    : bytes_per_second_(to_bytes(kilobytes_per_second)),
      piece_bytes_(
          std::clamp(bytes_per_second_ / kPiecesPerSecond, kSmallestPiece, kLargestPiece)) {}

void Bandwidth::on_start(TimePoint now, Outlet& /*out*/) {
  busy_since_ = now;
}

void Bandwidth::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (bytes_per_second_ == 0) {
    out.send(std::move(chunk), kNever);
    return;
  }
  if (arrived > transmitted(busy_bytes_)) {
    busy_since_ = arrived;
    busy_bytes_ = 0;
  }
  while (chunk.size() > piece_bytes_) {
    busy_bytes_ += piece_bytes_;
    out.send(chunk.take_front(piece_bytes_), transmitted(busy_bytes_));
  }
  busy_bytes_ += chunk.size();
  out.send(std::move(chunk), transmitted(busy_bytes_));
}

std::size_t Bandwidth::window() const {
  constexpr std::uint64_t kWindowsPerSecond = 20;
  return std::max<std::size_t>(kSmallWindow, bytes_per_second_ / kWindowsPerSecond);
}

TimePoint Bandwidth::transmitted(std::uint64_t end) const {
  const auto wait = static_cast<unsigned __int128>(end) * kNanosecondsPerSecond / bytes_per_second_;
  const auto longest = static_cast<unsigned __int128>(kLongest.count());
  return after(busy_since_, Duration(static_cast<std::int64_t>(std::min(wait, longest))));
}

}  // namespace faultline
