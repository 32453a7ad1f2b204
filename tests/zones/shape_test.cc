#include "zones/shape.h"

#include <catch2/catch.hpp>

namespace faultline {

namespace {

using Kind = PartitionShape::Kind;
using Names = std::vector<std::string>;

ZoneMap zones(const Names& names) {
  std::vector<ZoneSpec> specs;
  for (const std::string& name : names) specs.push_back({name, {}});
  return *ZoneMap::build(specs);
}

/// "a>b b>a", in order; or the error.
std::string links(const PartitionShape& shape, const ZoneMap& map) {
  const auto found = links_of(shape, map);
  if (!found) return found.error().message;
  std::string text;
  for (const auto& [from, to] : *found) {
    text += text.empty() ? "" : " ";
    text += std::string(map.name_of(from)) + ">" + std::string(map.name_of(to));
  }
  return text;
}

std::string links(Kind kind, const Names& names, const ZoneMap& map) {
  return links({.kind = kind, .zones = names}, map);
}

}  // namespace

TEST_CASE("shape: from and to, both ways or one") {
  const ZoneMap map = zones({"a", "b", "c"});
  using Direction = PartitionShape::Direction;
  CHECK(links({.from = {"a"}, .to = {"b"}}, map) == "a>b b>a");
  CHECK(links({.from = {"a"}, .to = {"b"}, .direction = Direction::kFromTo}, map) == "a>b");
  CHECK(links({.from = {"a"}, .to = {"b"}, .direction = Direction::kToFrom}, map) == "b>a");
  CHECK(links({.from = {"b"}, .to = {"*"}}, map) == "none>b a>b b>none b>a b>c c>b");
  CHECK(links({.from = {"none"}, .to = {"a"}}, map) == "none>a a>none");
  CHECK(links({.from = {"a", "b"}, .to = {"c"}, .direction = Direction::kFromTo}, map) ==
        "a>c b>c");
}

TEST_CASE("shape: what cannot be is refused, with what is wrong") {
  const ZoneMap map = zones({"east", "west"});
  CHECK(links({.from = {"eats"}, .to = {"west"}}, map) ==
        "there is no zone `eats`; did you mean `east`?");
  CHECK(links({.from = {"east"}, .to = {"east"}}, map) ==
        "zone `east` is in `from` and in `to`: a zone is not cut from itself");
  CHECK(links({.from = {"east", "east"}, .to = {"west"}}, map) == "zone `east` is named twice");
  CHECK(links({.from = {"*"}, .to = {"west"}}, map) ==
        "`*` is for `to` alone: it is everything that is not in `from`");
  CHECK(links({.from = {"east"}, .to = {"*", "west"}}, map) ==
        "`*` in `to` is everything else: no zone beside it");
  CHECK(links({.from = {}, .to = {"west"}}, map) ==
        "it cuts nothing: `from` and `to` name a zone each at least");
  CHECK(links(Kind::kIsolate, {"*"}, map) == "`*` is for `to` alone; `zones` names each");
  CHECK(links(Kind::kBridge, {"east", "west"}, map) ==
        "shape bridge needs 3 zones at least, not 2");
  CHECK(links({.from = {"a"}, .to = {"b"}}, ZoneMap()) ==
        "there is no zone `a`: there are no zones");
}

TEST_CASE("shape: the presets") {
  const ZoneMap three = zones({"a", "b", "c"});
  CHECK(links(Kind::kIsolate, {"b"}, three) == "none>b a>b b>none b>a b>c c>b");
  CHECK(links(Kind::kIsolate, {"a", "b"}, three) == "none>a none>b a>none a>c b>none b>c c>a c>b");
  CHECK(links(Kind::kHalves, {"a", "b", "c"}, three) == "a>b a>c b>a c>a");
  CHECK(links(Kind::kBridge, {"a", "b", "c"}, three) == "a>c c>a");
  CHECK(links(Kind::kOneWay, {"a", "b"}, three) == "a>b");
  CHECK(links(Kind::kOneWay, {"a"}, three) == "a>none a>b a>c");
}

TEST_CASE("shape: in a ring each hears a majority, and no two the same") {
  for (const std::size_t count : {3U, 4U, 5U, 7U, 8U}) {
    Names names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("z" + std::to_string(i));
    const ZoneMap map = zones(names);
    const auto found = links_of({.kind = Kind::kRing, .zones = names}, map);
    REQUIRE(found);
    std::set<std::set<ZoneId>> heard_by_each;
    for (ZoneId zone = 1; zone <= count; ++zone) {
      std::set<ZoneId> heard;
      for (ZoneId other = 1; other <= count; ++other) {
        if (found->count({other, zone}) == 0) heard.insert(other);
      }
      CHECK(heard.size() == count / 2 + 1);
      CHECK(heard.count(zone) == 1);
      heard_by_each.insert(heard);
    }
    CHECK(heard_by_each.size() == count);
  }
}

}  // namespace faultline
