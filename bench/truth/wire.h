#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>

namespace faultline::bench::truth {

/// What a client sends: how many bytes it wants. A request is 64 bytes, and an
/// echo is a request for 64 bytes.
struct Request {
  std::uint64_t answer_bytes = 0;
  std::array<char, 56> padding{};
};
static_assert(sizeof(Request) == 64);

inline constexpr std::uint64_t kEchoBytes = sizeof(Request);
inline constexpr std::uint64_t kSmallFetchBytes = 10'000;
inline constexpr std::uint64_t kLargeFetchBytes = 100'000;
inline constexpr std::uint64_t kEndless = UINT64_MAX;

/// An IPv4 address and port, host byte order.
struct Endpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;

  sockaddr_in to_sockaddr() const {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address);
    return to;
  }
};

}  // namespace faultline::bench::truth
