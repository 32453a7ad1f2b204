#include "base/random.h"

#include "base/verify.h"

namespace faultline {

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  VERIFY(low <= high);
  const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  // The 128-bit product maps 64 bits onto the span; its bias is below span / 2^64.
  const std::uint64_t offset =
      span == 0
          ? next()
          : static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * span) >> 64U);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

std::uint64_t derive_key(std::uint64_t key, std::string_view name) {
  std::uint64_t derived = Random::mix(key ^ name.size());
  for (const char byte : name) derived = Random::mix(derived ^ static_cast<unsigned char>(byte));
  return derived;
}

std::uint64_t derive_key(std::uint64_t key, std::uint64_t number) {
  return Random::mix(Random::mix(key) ^ number);
}

}  // namespace faultline
