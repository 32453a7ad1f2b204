#include "proxy/packet_program.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "proxy/file_descriptor.h"
#include "tests/support/bpf_interpreter.h"

namespace faultline {
namespace {

using test::BpfPacket;

constexpr std::size_t kTcpHeader = 32;  // With time stamps, as Linux sends it.

IpPrefix source(std::string_view text) {
  return IpPrefix::parse(text).value();
}

sockaddr_storage ip_from(const std::string& text) {
  sockaddr_storage address{};
  const bool is_ipv4 = text.find(':') == std::string::npos;
  address.ss_family = is_ipv4 ? AF_INET : AF_INET6;
  void* into = is_ipv4 ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(address).sin_addr)
                       : &reinterpret_cast<sockaddr_in6&>(address).sin6_addr;
  REQUIRE(inet_pton(address.ss_family, text.c_str(), into) == 1);
  return address;
}

/// A segment from `address` with so many bytes of the stream. What is not looked
/// at is 0xff, so that reading the wrong field shows. `words` of an IPv4 header:
/// more than 5 is with options.
BpfPacket segment(const sockaddr_storage& address, std::size_t stream_bytes = 0,
                  std::size_t words = 5) {
  const bool is_ipv4 = address.ss_family == AF_INET;
  const std::size_t header = is_ipv4 ? 4 * words : 40;
  std::string bytes(header + kTcpHeader + stream_bytes, '\xff');
  if (is_ipv4) {
    bytes[0] = static_cast<char>(0x40 + words);
    std::memcpy(&bytes[12], &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else {
    bytes[0] = '\x6f';
    std::memcpy(&bytes[8], &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  }
  return {std::move(bytes), header};
}

BpfPacket segment(const std::string& address, std::size_t stream_bytes = 0) {
  return segment(ip_from(address), stream_bytes);
}

/// The program for `rules`, which the kernel takes too (where it lets us ask).
PacketProgram program_for(const PacketRules& rules) {
  const Result<PacketProgram> program = PacketProgram::build(rules);
  REQUIRE(program);
  std::vector<sock_filter> copy = program->instructions();
  CAPTURE(copy.size());
  const sock_fprog filter{.len = static_cast<unsigned short>(copy.size()), .filter = copy.data()};
  const FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int taken = setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  REQUIRE((taken == 0 || errno == EPERM));  // Some kernels ask for CAP_NET_ADMIN first.
  return *program;
}

bool drops(const PacketProgram& program, const BpfPacket& packet, std::uint32_t random = 0) {
  const std::uint32_t kept =
      test::run_bpf(program.instructions(), packet, [random] { return random; });
  REQUIRE((kept == 0 || kept >= packet.bytes.size()));  // Nothing is cut short.
  return kept == 0;
}

bool drops(const PacketRules& rules, const std::string& address, std::size_t stream_bytes = 0) {
  return drops(program_for(rules), segment(address, stream_bytes));
}

/// What the rules say, in so many words.
bool should_drop(const PacketRules& rules, const sockaddr_storage& from, std::size_t ip_bytes,
                 std::uint32_t random) {
  return std::any_of(rules.begin(), rules.end(), [&](const PacketRule& rule) {
    const bool applies =
        rule.sources.empty() ||
        std::any_of(rule.sources.begin(), rule.sources.end(), [&](const IpPrefix& prefix) {
          return prefix.contains(reinterpret_cast<const sockaddr&>(from));
        });
    const bool is_lost = static_cast<double>(random) < std::round(rule.loss * 0x1p32);
    const bool is_too_long = rule.longer_than > 0 && ip_bytes > rule.longer_than;
    return applies && (rule.drop_all || is_lost || is_too_long);
  });
}

sockaddr_storage random_address(Random& random) {
  sockaddr_storage address{};
  std::uint8_t bytes[16];
  // Few values, so that addresses and prefixes often agree, and often just do not.
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.between(0, 1) * 0x81);
  address.ss_family = random.between(0, 1) == 0 ? AF_INET : AF_INET6;
  if (address.ss_family == AF_INET) {
    std::memcpy(&reinterpret_cast<sockaddr_in&>(address).sin_addr, bytes, 4);
  } else {
    std::memcpy(&reinterpret_cast<sockaddr_in6&>(address).sin6_addr, bytes, 16);
  }
  return address;
}

IpPrefix random_prefix(Random& random) {
  const sockaddr_storage address = random_address(random);
  const bool is_ipv4 = address.ss_family == AF_INET;
  const std::int64_t bits = random.between(0, is_ipv4 ? 32 : 128);
  std::uint8_t bytes[16] = {};
  if (is_ipv4) {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else {
    std::memcpy(bytes, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  }
  for (std::int64_t bit = bits; bit < 128; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_ipv4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return source(text + ("/" + std::to_string(bits)));
}

PacketRule random_rule(Random& random) {
  PacketRule rule;
  rule.drop_all = random.between(0, 3) == 0;
  if (random.between(0, 2) == 0) rule.loss = random.unit();
  if (random.between(0, 2) == 0) {
    rule.longer_than = static_cast<std::size_t>(random.between(40, 300));
  }
  for (std::int64_t count = random.between(0, 4); count > 0; --count) {
    rule.sources.push_back(random_prefix(random));
  }
  return rule;
}

}  // namespace

TEST_CASE("rules that drop nothing need no program", "[packet_program]") {
  CHECK(PacketProgram::build({})->is_empty());
  CHECK(PacketProgram::build({PacketRule{.sources = {source("::1")}}, {}})->is_empty());
  CHECK(PacketProgram::build({PacketRule{.loss = 0}})->is_empty());
  CHECK_FALSE(PacketProgram::build({PacketRule{.drop_all = true}})->is_empty());
}

TEST_CASE("drop-all drops everything, from whichever IP version", "[packet_program]") {
  const PacketProgram program = program_for({PacketRule{.drop_all = true}});
  CHECK(drops(program, segment("10.1.2.3")));
  CHECK(drops(program, segment("fd00::1", 1000)));
}

TEST_CASE("a source list drops what comes from it, and lets all else pass", "[packet_program]") {
  const PacketProgram program = program_for(
      {PacketRule{.drop_all = true,
                  .sources = {source("10.1.0.0/16"), source("127.0.0.1"), source("2001:db8::/65"),
                              source("::1"), source("fd00::/8")}}});
  for (const std::string inside : {"10.1.0.0", "10.1.255.255", "127.0.0.1", "2001:db8::",
                                   "2001:db8::7fff:ffff:ffff:ffff", "::1", "fdff::1"}) {
    INFO(inside);
    CHECK(drops(program, segment(inside)));
  }
  for (const std::string outside :
       {"10.0.255.255", "10.2.0.0", "127.0.0.2", "127.0.0.0", "2001:db8::8000:0:0:0",
        "2001:db8:0:1::", "2001:db7::", "::", "::2", "fc00::1", "fe00::1", "a01::"}) {
    INFO(outside);
    CHECK_FALSE(drops(program, segment(outside)));
  }
}

TEST_CASE("prefixes end at any bit", "[packet_program]") {
  const auto covers = [](std::string_view prefix, const std::string& address) {
    return drops({PacketRule{.drop_all = true, .sources = {source(prefix)}}}, address);
  };
  CHECK(covers("0.0.0.0/0", "255.255.255.255"));
  CHECK_FALSE(covers("0.0.0.0/0", "::"));
  CHECK(covers("::/0", "ffff::"));
  CHECK_FALSE(covers("::/0", "0.0.0.0"));
  CHECK(covers("128.0.0.0/1", "128.0.0.0"));
  CHECK_FALSE(covers("128.0.0.0/1", "127.255.255.255"));
  CHECK(covers("8000::/1", "ffff::1"));
  CHECK_FALSE(covers("8000::/1", "7fff::1"));
  CHECK(covers("1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8"));
  CHECK_FALSE(covers("1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:9"));
  CHECK(covers("1:2::/32", "1:2:ffff::"));
  CHECK_FALSE(covers("1:2::/32", "1:3::"));
  CHECK(covers("1:2:8000::/33", "1:2:8000::"));
  CHECK_FALSE(covers("1:2:8000::/33", "1:2:7fff::"));
}

TEST_CASE("a packet of neither IP version comes from no listed source", "[packet_program]") {
  const PacketProgram program =
      program_for({PacketRule{.drop_all = true, .sources = {source("0.0.0.0/0"), source("::/0")}}});
  BpfPacket packet = segment("10.1.2.3");
  CHECK(drops(program, packet));
  packet.bytes[0] = '\x55';
  CHECK_FALSE(drops(program, packet));
}

TEST_CASE("loss drops its share of the random numbers, exactly", "[packet_program]") {
  const BpfPacket packet = segment("10.1.2.3");
  constexpr std::uint32_t kMost = 0xffffffff;
  constexpr std::uint64_t kStep = 65'521;  // A prime: 65,550 values from 0 to the last.
  for (const double loss : {1e-12, 0.001, 0.01, 0.25, 0.5, 0.75, 0.999, 1 - 1e-12}) {
    CAPTURE(loss);
    const PacketProgram program = program_for({PacketRule{.loss = loss}});
    double dropped = 0;
    double all = 0;
    for (std::uint64_t random = 0; random <= kMost; random += kStep) {
      dropped += drops(program, packet, static_cast<std::uint32_t>(random)) ? 1 : 0;
      ++all;
    }
    REQUIRE(dropped / all == Approx(loss).margin(1.5 / all));
    CHECK(drops(program, packet, 0));
    CHECK_FALSE(drops(program, packet, kMost));
  }
  CHECK(drops(program_for({PacketRule{.loss = 0.5}}), packet, 0x7fffffff));
  CHECK_FALSE(drops(program_for({PacketRule{.loss = 0.5}}), packet, 0x80000000));
  CHECK(drops(program_for({PacketRule{.loss = 1}}), packet, kMost));
}

TEST_CASE("each rule throws its own dice", "[packet_program]") {
  const PacketProgram program = program_for({PacketRule{.loss = 0.5}, PacketRule{.loss = 0.5}});
  const BpfPacket packet = segment("::1");
  int dropped = 0;
  for (const unsigned dice : {0U, 1U, 2U, 3U}) {
    unsigned thrown = 0;
    const auto random = [&] { return (dice >> thrown++ & 1U) != 0 ? 0xffffffffU : 0U; };
    dropped += test::run_bpf(program.instructions(), packet, random) == 0 ? 1 : 0;
  }
  CHECK(dropped == 3);
}

TEST_CASE("longer-than counts the IP packet, headers and all", "[packet_program]") {
  const PacketProgram program = program_for({PacketRule{.longer_than = 1400}});
  CHECK_FALSE(drops(program, segment("10.1.2.3", 1400 - kTcpHeader - 20)));
  CHECK(drops(program, segment("10.1.2.3", 1401 - kTcpHeader - 20)));
  CHECK_FALSE(drops(program, segment("fd00::1", 1400 - kTcpHeader - 40)));
  CHECK(drops(program, segment("fd00::1", 1401 - kTcpHeader - 40)));
  CHECK(drops(program, segment("10.1.2.3", 60'000)));

  const sockaddr_storage with_options = ip_from("10.1.2.3");
  CHECK_FALSE(drops(program, segment(with_options, 1400 - kTcpHeader - 28, 7)));
  CHECK(drops(program, segment(with_options, 1401 - kTcpHeader - 28, 7)));

  CHECK(drops({PacketRule{.longer_than = 1}}, "10.1.2.3"));
  CHECK_FALSE(drops({PacketRule{.longer_than = SIZE_MAX}}, "10.1.2.3", 60'000));
  CHECK_FALSE(drops({PacketRule{.longer_than = 0x1'0000'0001}}, "10.1.2.3", 60'000));
}

TEST_CASE("any mix of rules does what they say", "[packet_program]") {
  constexpr std::uint64_t kSeed = 20'250'607;
  CAPTURE(kSeed);
  int dropped = 0;
  int all = 0;
  for (std::uint64_t round = 0; round < 400; ++round) {
    CAPTURE(round);
    Random random(derive_key(kSeed, round));
    PacketRules rules;
    for (std::int64_t count = random.between(1, 4); count > 0; --count) {
      rules.push_back(random_rule(random));
    }
    if (are_empty(rules)) continue;
    const PacketProgram program = program_for(rules);
    for (int i = 0; i < 100; ++i) {
      const sockaddr_storage from = random_address(random);
      const BpfPacket packet = segment(from, static_cast<std::size_t>(random.between(0, 250)));
      const auto dice = static_cast<std::uint32_t>(random.next());
      const bool expected = should_drop(rules, from, packet.bytes.size(), dice);
      REQUIRE(drops(program, packet, dice) == expected);
      dropped += expected ? 1 : 0;
      ++all;
    }
  }
  CHECK(dropped > all / 5);
  CHECK(dropped < all * 4 / 5);
}

TEST_CASE("a long list of sources works to its last entry", "[packet_program]") {
  PacketRule rule{.drop_all = true};
  for (int i = 0; i < 250; ++i) {
    rule.sources.push_back(source("10.0." + std::to_string(i) + ".7"));
    rule.sources.push_back(source("fd00::" + std::to_string(i) + ":7"));
  }
  const PacketProgram program = program_for({rule, PacketRule{.longer_than = 1400}});
  for (int i = 0; i < 250; ++i) {
    CAPTURE(i);
    REQUIRE(drops(program, segment("10.0." + std::to_string(i) + ".7")));
    REQUIRE(drops(program, segment("fd00::" + std::to_string(i) + ":7")));
    REQUIRE_FALSE(drops(program, segment("10.0." + std::to_string(i) + ".8")));
    REQUIRE_FALSE(drops(program, segment("fd00::" + std::to_string(i) + ":8")));
  }
  CHECK(drops(program, segment("10.1.0.0", 1400)));
}

TEST_CASE("400 sources of the longest kind fit, and a list that does not is refused",
          "[packet_program]") {
  const auto with_sources = [](const std::string& prefix, int count, const std::string& bits) {
    PacketRule rule{.drop_all = true};
    for (int i = 0; i < count; ++i) {
      rule.sources.push_back(source(prefix + std::to_string(2 * i) + bits));
    }
    return PacketRules{rule};
  };
  // 127 bits take the most instructions: four words, and a mask for the last.
  CHECK(drops(with_sources("1:2:3:4:5:6:7:", 400, "/127"), "1:2:3:4:5:6:7:799") == true);
  CHECK(drops(with_sources("1:2:", 800, "::/64"), "1:2:1598::1") == true);
  PacketRules ipv4 = {PacketRule{.drop_all = true}};
  for (int i = 0; i < 1'000; ++i) {
    ipv4[0].sources.push_back(
        source("10." + std::to_string(i / 200) + "." + std::to_string(i % 200) + ".0/24"));
  }
  CHECK(drops(ipv4, "10.4.199.255") == true);
  CHECK(drops(ipv4, "10.4.200.0") == false);

  const Result<PacketProgram> refused =
      PacketProgram::build(with_sources("1:2:3:4:5:6:7:", 500, ""));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kInvalid);
  CHECK(refused.error().message ==
        "too many sources for a packet filter: 500 prefixes take 4515 instructions, and the "
        "kernel allows 4096");
}

}  // namespace faultline
