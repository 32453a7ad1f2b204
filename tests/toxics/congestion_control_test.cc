// How the window of a simulated sender grows: as Linux's does in captures of a
// bulk flow (RTT 10 ms, one packet in ten lost).

#include "toxics/congestion_control.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using Windows = std::vector<std::uint64_t>;

/// The windows of `rounds` round trips of 10.3 ms by a clock of 4 ms, after a loss with a window
/// of `before`. Acks are for two packets each, and the first one ends the recovery.
Windows windows_after_loss(std::uint64_t before, int rounds) {
  CongestionControl congestion(CongestionControl::Algorithm::kCubic, 1000);
  congestion.set_window(before);
  congestion.cut_threshold();
  congestion.set_window(congestion.threshold());
  TimePoint now = kStart + 2ms;
  const auto tick = [&] { return now - now.time_since_epoch() % 4ms; };
  congestion.grow(1, tick(), 10ms);
  Windows windows{congestion.window()};
  while (static_cast<int>(windows.size()) < rounds) {
    now += 10300us;
    for (std::uint64_t acked = 0; acked < windows.back();) {
      const std::uint64_t packets = std::min<std::uint64_t>(2, windows.back() - acked);
      congestion.grow(packets, tick(), 10ms);
      acked += packets;
    }
    windows.push_back(congestion.window());
  }
  return windows;
}

TEST_CASE("CUBIC grows a small window as Linux does", "[congestion_control]") {
  // Of 185 recoveries that were captured, these were the two most common growths.
  CHECK(windows_after_loss(3, 6) == Windows{2, 3, 3, 3, 3, 5});
  CHECK(windows_after_loss(2, 5) == Windows{2, 2, 2, 4, 4});
}

TEST_CASE("slow start grows by what is acked, up to the threshold", "[congestion_control]") {
  CongestionControl congestion(CongestionControl::Algorithm::kReno, 1000);
  congestion.grow(4, kStart, 10ms);
  CHECK(congestion.window() == 14);
  congestion.set_window(40);
  congestion.cut_threshold();
  congestion.set_window(15);
  congestion.grow(8, kStart, 10ms);
  CHECK(congestion.window() == 20);
  for (int i = 0; i < 8; ++i) congestion.grow(2, kStart, 10ms);
  CHECK(congestion.window() == 20);
  congestion.grow(2, kStart, 10ms);  // 3 were left of the first 8.
  CHECK(congestion.window() == 21);
}

}  // namespace
}  // namespace faultline
