#include "toxics/packet_rule.h"

namespace faultline {
namespace {

IpPrefix prefix_of(std::string_view text) {
  return IpPrefix::parse(text).value();
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

}  // namespace faultline
