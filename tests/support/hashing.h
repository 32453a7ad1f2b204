#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace faultline::test {

/// SHA-256 of what was added so far.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  /// In hex. Call it once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);

/// Bytes that look random and differ with every position and seed, so that a
/// byte lost, doubled or moved is seen.
std::string noise(std::size_t size, std::uint64_t seed = 1);

}  // namespace faultline::test
