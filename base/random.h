#pragma once

#include <cstdint>
#include <string_view>

namespace faultline {

/// Chance that can be repeated: every draw is a pure function of a key and a
/// counter, so it depends on no thread, no timing and no other stream.
class Random {
 public:
  explicit constexpr Random(std::uint64_t key) : key_(key) {}

  /// 64 uniform bits.
  std::uint64_t next() { return mix(key_ + kStep * ++counter_); }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

  /// Uniform in [low, high], both included. REQUIRES: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);

  /// Scrambles 64 bits, one to one (the finaliser of SplitMix64: Steele, Lea
  /// and Flood, "Fast splittable pseudorandom number generators", 2014).
  static constexpr std::uint64_t mix(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15U;

  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

/// A key for a stream of its own, from the key of the whole and a name or number.
std::uint64_t derive_key(std::uint64_t key, std::string_view name);
std::uint64_t derive_key(std::uint64_t key, std::uint64_t number);

}  // namespace faultline
