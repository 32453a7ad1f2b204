#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/toxics/chain_driver.h"
#include "toxics/tcp_path.h"

namespace faultline {

/// What a client would measure over a simulated path, in milliseconds of made-up
/// time. The other direction loses nothing and adds rtt/2.
class PathMeasurements {
 public:
  PathMeasurements(const TcpPathSettings& settings, std::uint64_t seed)
      : settings_(settings), seed_(seed) {}

  /// How long each of `count` fetches of `bytes` took, on fresh connections, sorted.
  std::vector<double> fetches(std::size_t bytes, int count) const {
    std::vector<double> took;
    for (int i = 0; i < count; ++i) {
      TcpPath path(settings_, derive_key(seed_, static_cast<std::uint64_t>(i)));
      took.push_back(milliseconds(settings_.rtt / 2 + deliver(path, bytes, kStart) - kStart));
    }
    std::sort(took.begin(), took.end());
    return took;
  }

  /// How long each of `count` messages of 64 bytes and its echo took, one after
  /// the other on few connections, sorted.
  std::vector<double> echoes(int count, int connections = 10) const {
    std::vector<double> took;
    for (int c = 0; c < connections; ++c) {
      TcpPath path(settings_, derive_key(seed_, static_cast<std::uint64_t>(c)));
      TimePoint now = kStart;
      for (int i = 0; i < count / connections; ++i) {
        const TimePoint back = deliver(path, 64, now) + settings_.rtt / 2;
        took.push_back(milliseconds(back - now));
        now = back + std::chrono::microseconds(137);  // The client thinks.
      }
    }
    std::sort(took.begin(), took.end());
    return took;
  }

  /// Mbit/s, after `warm_up`, of a connection that always has something to send.
  double goodput(Duration time, Duration warm_up) const {
    TcpPath path(settings_, seed_);
    double delivered = 0;
    path.send(std::uint64_t{1} << 50U, kStart);
    path.advance(kStart + warm_up + time);
    while (const auto delivery = path.take_delivery()) {
      if (delivery->at > kStart + warm_up) delivered += static_cast<double>(delivery->bytes);
    }
    return delivered * 8 / 1e6 / std::chrono::duration<double>(time).count();
  }

  static double quantile(const std::vector<double>& sorted, double share) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return sorted[static_cast<std::size_t>(share * last + 0.5)];
  }

 private:
  static double milliseconds(Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  }

  /// When the last of `bytes`, sent at `now`, is delivered.
  static TimePoint deliver(TcpPath& path, std::size_t bytes, TimePoint now) {
    path.send(bytes, now);
    while (bytes > 0) {
      now = path.next_event();
      path.advance(now);
      while (const auto delivery = path.take_delivery()) bytes -= delivery->bytes;
    }
    return now;
  }

  TcpPathSettings settings_;
  std::uint64_t seed_;
};

}  // namespace faultline
