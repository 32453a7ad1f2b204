#include "toxics/packet_rule.h"

#include <netinet/in.h>

namespace faultline {
namespace {

IpPrefix prefix_of(std::string_view text) {
  return IpPrefix::parse(text).value();
}

sockaddr ipv4_peer(std::uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  return reinterpret_cast<const sockaddr&>(in);
}

}  // namespace

TEST_CASE("a rule that drops nothing is empty, whatever its sources", "[packet_rule]") {
  CHECK(PacketRule{}.is_empty());
  CHECK(PacketRule{.sources = {prefix_of("::1")}}.is_empty());
  CHECK_FALSE(PacketRule{.drop_all = true}.is_empty());
  CHECK_FALSE(PacketRule{.loss = 1e-9}.is_empty());
  CHECK_FALSE(PacketRule{.longer_than = 1}.is_empty());
  CHECK(are_empty({}));
  CHECK(are_empty({PacketRule{}, PacketRule{}}));
  CHECK_FALSE(are_empty({PacketRule{}, PacketRule{.loss = 0.5}}));
}

TEST_CASE("the rules for a peer are those whose sources it is in", "[packet_rule]") {
  const PacketRule everybody{.loss = 0.25};
  const PacketRule tens{.drop_all = true, .sources = {prefix_of("::1"), prefix_of("10.0.0.0/8")}};
  const PacketRule nothing{.sources = {prefix_of("10.0.0.0/8")}};
  const PacketRules rules = {everybody, nothing, tens};
  CHECK(rules_for(rules, ipv4_peer(0x0a010203)) ==
        PacketRules{everybody, PacketRule{.drop_all = true}});
  CHECK(rules_for(rules, ipv4_peer(0x0b010203)) == PacketRules{everybody});
  CHECK(rules_for({tens}, ipv4_peer(0x0b010203)).empty());
  sockaddr unix_peer{};
  unix_peer.sa_family = AF_UNIX;
  CHECK(rules_for(rules, unix_peer) == PacketRules{everybody});
}

}  // namespace faultline
