#include "bench/pattern.h"

#include <algorithm>

#include "base/random.h"

namespace faultline::bench {

Pattern::Pattern() {
  bytes_.reserve(kPeriod + kMostBytes);
  Random random(1);
  while (bytes_.size() < kPeriod) bytes_.push_back(static_cast<char>(random.next()));
  while (bytes_.size() < kPeriod + kMostBytes) bytes_.push_back(bytes_[bytes_.size() - kPeriod]);
}

std::string_view Pattern::at(std::uint64_t position, std::size_t most) const {
  return std::string_view(bytes_).substr(position % kPeriod, std::min(most, kMostBytes));
}

bool Pattern::matches(std::uint64_t position, std::string_view bytes) const {
  while (!bytes.empty()) {
    const std::string_view expected = at(position, bytes.size());
    if (bytes.substr(0, expected.size()) != expected) return false;
    position += expected.size();
    bytes.remove_prefix(expected.size());
  }
  return true;
}

}  // namespace faultline::bench
