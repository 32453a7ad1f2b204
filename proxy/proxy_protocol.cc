#include "proxy/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "proxy/compact_address.h"

namespace faultline {

namespace {

using namespace std::literals;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr std::string_view kV2Begin = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t kV2Head = 16;

/// The bytes of an IP address and its port as they travel, as a socket address.
SocketAddress header_address(int family, std::string_view ip, std::uint16_t port) {
  SocketAddress address;
  if (family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.data(), sizeof in.sin_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.data(), sizeof in.sin6_addr);
    std::memcpy(&address.storage, &in, sizeof in);
    address.length = sizeof in;
  }
  return address;
}

std::size_t header_ip_size(int family) {
  return family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
}

/// A decimal number without leading zeros.
bool parse_header_port(std::string_view text, std::uint16_t& port) {
  if (text.size() > 1 && text.front() == '0') return false;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

/// Empty if it is none.
SocketAddress parse_header_address(int family, const std::string& ip, std::string_view port_text) {
  std::array<char, sizeof(in6_addr)> bytes{};
  std::uint16_t port = 0;
  if (inet_pton(family, ip.c_str(), bytes.data()) != 1 || !parse_header_port(port_text, port))
    return {};
  return header_address(family, {bytes.data(), header_ip_size(family)}, port);
}

std::vector<std::string> header_words(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t space = text.find(' ');
    words.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) return words;
    text.remove_prefix(space + 1);
  }
}

std::uint8_t octet_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t port_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet_at(bytes, at) << 8U | octet_at(bytes, at + 1));
}

/// The family of a v2 header's addresses; AF_UNSPEC if they are not IP, -1 if there is no such.
int header_family(std::uint8_t family_and_transport) {
  switch (family_and_transport) {
    case 0x11:
      return AF_INET;
    case 0x21:
      return AF_INET6;
    case 0x00:
    case 0x31:  // A unix socket: its path is no address to match.
      return AF_UNSPEC;
    default:
      return -1;
  }
}

/// How many bytes of addresses there are to read behind the first 16.
std::size_t addresses_size(std::string_view head) {
  const bool is_local = (octet_at(head, 12) & 0x0FU) == 0;
  const int family = header_family(octet_at(head, 13));
  if (is_local || family == AF_UNSPEC) return 0;
  return 2 * (header_ip_size(family) + sizeof(std::uint16_t));
}

std::string big_endian(std::size_t number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
}

/// An IP address without its port, of `family`: IPv4 as IPv6 writes it where that is asked for.
struct HeaderIp {
  HeaderIp(const CompactAddress& address, int family) {
    const SocketAddress full = address.address();
    if (full.family() == AF_INET6) {
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(full.get())->sin6_addr, 16);
    } else {
      const bool is_mapped = family == AF_INET6;
      if (is_mapped) bytes[10] = bytes[11] = '\xFF';
      std::memcpy(&bytes.at(is_mapped ? 12 : 0),
                  &reinterpret_cast<const sockaddr_in*>(full.get())->sin_addr, 4);
    }
  }

  std::array<char, sizeof(in6_addr)> bytes{};
};

}  // namespace

Greeting::Step ProxyHeader::feed(std::string_view bytes, Introduction& introduction) {
  Step step;
  while (step.status == Status::kNeedsMore && step.used < bytes.size()) {
    if (skip_ > 0) {
      const std::size_t skipped = std::min(skip_, bytes.size() - step.used);
      skip_ -= skipped;
      step.used += skipped;
      if (skip_ == 0) step.status = Status::kDone;
      continue;
    }
    head_ += bytes[step.used++];
    step.status = take(introduction);
  }
  step.reason = reason_;
  return step;
}

/// Looks at the header as far as it is there.
Greeting::Status ProxyHeader::take(Introduction& introduction) {
  const auto begins = [&](std::string_view with) {
    const std::size_t size = std::min(head_.size(), with.size());
    return std::string_view(head_).substr(0, size) == with.substr(0, size);
  };
  if (begins(kV1Begin)) return take_v1(introduction);
  if (begins(kV2Begin)) return take_v2(introduction);
  return refuse("it is no PROXY header");
}

Greeting::Status ProxyHeader::take_v1(Introduction& introduction) {
  if (head_.back() != '\n') {
    return head_.size() < kMostV1 ? Status::kNeedsMore : refuse("its PROXY header has no end");
  }
  if (!head_.ends_with("\r\n")) return refuse("its PROXY header ends without CR");
  const std::string_view line = std::string_view(head_).substr(0, head_.size() - 2);
  if (line == "PROXY UNKNOWN" || line.starts_with("PROXY UNKNOWN ")) return Status::kDone;
  const std::vector<std::string> words = header_words(line);
  const bool is_v4 = words.size() == 6 && words[1] == "TCP4";
  if (!is_v4 && (words.size() != 6 || words[1] != "TCP6")) {
    return refuse("its PROXY header is not understood");
  }
  const int family = is_v4 ? AF_INET : AF_INET6;
  const SocketAddress source = parse_header_address(family, words[2], words[4]);
  const SocketAddress destination = parse_header_address(family, words[3], words[5]);
  if (source.length == 0 || destination.length == 0) {
    return refuse("its PROXY header has no valid addresses");
  }
  introduction.client = source;
  introduction.reached = destination;
  return Status::kDone;
}

Greeting::Status ProxyHeader::take_v2(Introduction& introduction) {
  if (head_.size() < kV2Head) return Status::kNeedsMore;
  const std::size_t length = port_at(head_, 14);
  const unsigned command = octet_at(head_, 12);
  const bool is_local = command == 0x20;
  if (!is_local && command != 0x21) return refuse("its PROXY header is of no known version");
  const int family = header_family(octet_at(head_, 13));
  if (!is_local && family < 0) return refuse("its PROXY header is not about TCP");
  const std::size_t size = addresses_size(head_);
  if (length < size) return refuse("its PROXY header is too short for its addresses");
  if (head_.size() < kV2Head + size) return Status::kNeedsMore;
  if (size > 0) {
    const std::string_view addresses = std::string_view(head_).substr(kV2Head);
    const std::size_t ip = header_ip_size(family);
    introduction.client =
        header_address(family, addresses.substr(0, ip), port_at(addresses, 2 * ip));
    introduction.reached =
        header_address(family, addresses.substr(ip, ip), port_at(addresses, 2 * ip + 2));
  }
  skip_ = length - size;
  return skip_ > 0 ? Status::kNeedsMore : Status::kDone;
}

Greeting::Status ProxyHeader::refuse(std::string reason) {
  reason_ = std::move(reason);
  return Status::kRefused;
}

std::string proxy_header(HeaderVersion version, const SocketAddress& source,
                         const SocketAddress& destination) {
  const CompactAddress from(source);
  const CompactAddress to(destination);
  const bool is_v1 = version == HeaderVersion::kV1;
  if (!from.is_ip() || !to.is_ip()) {
    return is_v1 ? "PROXY UNKNOWN\r\n" : std::string(kV2Begin) + "\x21\0\0\0"s;
  }
  const bool is_v4 = from.address().family() == AF_INET && to.address().family() == AF_INET;
  const int family = is_v4 ? AF_INET : AF_INET6;
  const HeaderIp source_ip(from, family);
  const HeaderIp destination_ip(to, family);
  if (!is_v1) {
    const std::size_t size = header_ip_size(family);
    return std::string(kV2Begin) + '\x21' + (is_v4 ? '\x11' : '\x21') + big_endian(2 * (size + 2)) +
           std::string(source_ip.bytes.data(), size) +
           std::string(destination_ip.bytes.data(), size) + big_endian(from.port()) +
           big_endian(to.port());
  }
  const auto text_of = [family](const HeaderIp& ip) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, ip.bytes.data(), text.data(), text.size());
    return std::string(text.data());
  };
  return std::string(kV1Begin) + (is_v4 ? "TCP4 " : "TCP6 ") + text_of(source_ip) + " " +
         text_of(destination_ip) + " " + std::to_string(from.port()) + " " +
         std::to_string(to.port()) + "\r\n";
}

}  // namespace faultline
