#include "zones/zone_map.h"

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <cstring>

namespace faultline {

namespace {

sockaddr_storage address(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1);
    storage.ss_family = AF_INET6;
  }
  return storage;
}

ZoneSpec zone(const std::string& name, const std::vector<std::string>& cidrs) {
  ZoneSpec spec{name, {}};
  for (const std::string& cidr : cidrs) spec.cidrs.push_back(*IpPrefix::parse(cidr));
  return spec;
}

std::string zone_at(const ZoneMap& map, const std::string& text) {
  const sockaddr_storage at = address(text);
  return std::string(map.name_of(map.zone_of(reinterpret_cast<const sockaddr&>(at))));
}

std::string error_of(std::vector<ZoneSpec> zones) {
  const auto map = ZoneMap::build(std::move(zones));
  return map ? "" : map.error().message;
}

}  // namespace

TEST_CASE("zone map: an address is in the zone that has it, or in none") {
  const auto map = ZoneMap::build({zone("b", {"10.2.0.0/16", "127.2.0.0/16", "fd00:2::/32"}),
                                   zone("a", {"10.1.0.0/16", "10.1.7.0/24", "fd00:1::/32"})});
  REQUIRE(map);
  CHECK(map->names() == std::vector<std::string>{"a", "b"});
  CHECK(zone_at(*map, "10.1.2.3") == "a");
  CHECK(zone_at(*map, "10.2.255.255") == "b");
  CHECK(zone_at(*map, "127.2.0.1") == "b");
  CHECK(zone_at(*map, "10.3.0.1") == "none");
  CHECK(zone_at(*map, "fd00:2::7") == "b");
  CHECK(zone_at(*map, "fd00:3::7") == "none");
  CHECK(zone_at(*map, "::ffff:10.1.2.3") == "a");

  const sockaddr_storage inner = address("10.1.7.9");
  const ZoneMap::Place place = map->place_of(reinterpret_cast<const sockaddr&>(inner));
  CHECK(place.cidr.text() == "10.1.7.0/24");

  sockaddr_storage unix_socket{};
  unix_socket.ss_family = AF_UNIX;
  CHECK(map->zone_of(reinterpret_cast<const sockaddr&>(unix_socket)) == kNoZone);
}

TEST_CASE("zone map: names and ids") {
  const auto map = ZoneMap::build({zone("b", {}), zone("a", {})});
  REQUIRE(map);
  CHECK(map->id_of("a") == 1);
  CHECK(map->id_of("b") == 2);
  CHECK(map->id_of("none") == kNoZone);
  CHECK(map->id_of("c") == kUnknownZone);
  CHECK(map->name_of(2) == "b");
  CHECK(map->name_of(3) == "?");
  CHECK(map->name_of(kUnknownZone) == "?");
  CHECK(ZoneMap().ids() == 1);
}

TEST_CASE("zone map: zones do not overlap, but for one of everything else") {
  CHECK(error_of({zone("a", {"10.0.0.0/8"}), zone("b", {"10.1.0.0/16"})}) ==
        "zones `a` and `b` overlap: 10.0.0.0/8 holds 10.1.0.0/16");
  CHECK(error_of({zone("a", {"fd00:1:2::/48"}), zone("b", {"fd00::/16"})}) ==
        "zones `b` and `a` overlap: fd00::/16 holds fd00:1:2::/48");
  CHECK(error_of({zone("a", {"10.1.0.0/16"}), zone("b", {"10.1.0.0/16"})}) ==
        "zones `a` and `b` both have 10.1.0.0/16");
  CHECK(error_of({zone("a", {}), zone("a", {})}) == "two zones are named `a`");

  const auto map = ZoneMap::build(
      {zone("a", {"10.1.0.0/16"}), zone("elsewhere", {"0.0.0.0/0", "::/0"}), zone("b", {})});
  REQUIRE(map);
  CHECK(zone_at(*map, "10.1.0.1") == "a");
  CHECK(zone_at(*map, "10.2.0.1") == "elsewhere");
  CHECK(zone_at(*map, "fd00::1") == "elsewhere");
}

TEST_CASE("zone map: the addresses of a zone") {
  const auto map = ZoneMap::build({zone("a", {"10.1.0.0/16"}), zone("b", {"fd00::/8"})});
  REQUIRE(map);
  const auto texts = [](const std::vector<IpPrefix>& prefixes) {
    std::vector<std::string> all;
    for (const IpPrefix& prefix : prefixes) all.push_back(prefix.text());
    return all;
  };
  using Texts = std::vector<std::string>;
  CHECK(texts(map->addresses_of(1).in) == Texts{"10.1.0.0/16"});
  CHECK(map->addresses_of(1).out.empty());
  CHECK(map->addresses_of(kNoZone).in.empty());
  CHECK(texts(map->addresses_of(kNoZone).out) == Texts{"10.1.0.0/16", "fd00::/8"});
}

TEST_CASE("zone map: names are plain, and there are not too many") {
  CHECK(error_of({zone("none", {})}) ==
        "a zone cannot be named `none`: that is what is in no zone");
  for (const char* name : {"", "-a", "a b", "a/b", "*", "ä"}) {
    CHECK(error_of({zone(name, {})}).find("a zone is named with") == 0);
  }
  CHECK(error_of({zone(std::string(64, 'a'), {})}) != "");
  CHECK(error_of({zone("eu-west-1a", {}), zone("A.1_x", {})}).empty());
  std::vector<ZoneSpec> many;
  for (int i = 0; i < 101; ++i) many.push_back(zone("z" + std::to_string(i), {}));
  CHECK(error_of(many) == "101 zones are too many: 100 are the most");
}

}  // namespace faultline
