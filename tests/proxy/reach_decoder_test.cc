// How far a toxic reaches: what may be said, and what is refused.

#include "proxy/reach_decoder.h"

#include <catch2/catch.hpp>
#include <string>

#include "proxy/spec_decoder.h"
#include "proxy/yaml_document.h"

namespace faultline {
namespace {

Document yaml(const std::string& text) {
  const auto document = parse_yaml(text, [](const std::string&) { return std::nullopt; });
  INFO(text);
  REQUIRE(document);
  return *document;
}

ToxicReach reach_of(const std::string& text, Dialect dialect) {
  const auto spec = decode_toxic(yaml("type: latency\n" + text), dialect);
  INFO(text << ": " << (spec ? "" : spec.error().message));
  REQUIRE(spec);
  return spec->reach;
}

std::string refusal_of(const std::string& text) {
  const auto spec = decode_toxic(yaml(text), Dialect::kStrict);
  INFO(text);
  REQUIRE_FALSE(spec);
  return spec.error().message;
}

TEST_CASE("affects, on_remove, shadow and limits are read in every dialect", "[reach_decoder]") {
  for (const Dialect dialect : {Dialect::kStrict, Dialect::kToxiproxy}) {
    CHECK(reach_of("", dialect) == ToxicReach{});
    CHECK(reach_of("affects: new", dialect).affects == Scope::kNew);
    CHECK(reach_of("affects: open", dialect).affects == Scope::kOpen);
    CHECK(reach_of("affects: both\non_remove: resume\nshadow: false", dialect) == ToxicReach{});
    CHECK(reach_of("on_remove: close", dialect).on_remove == OnRemove::kClose);
    CHECK(reach_of("on_remove: reset", dialect).on_remove == OnRemove::kReset);
    CHECK(reach_of("shadow: true", dialect).shadow);
    const std::string limits =
        "limits: {max_connections: 5, max_share: 20%, max_bytes_delayed: 10MB}";
    CHECK(reach_of(limits, dialect).limits ==
          ToxicLimits{.max_connections = 5, .max_share = 0.2, .max_bytes_delayed = 10'000'000});
    CHECK(reach_of("limits: {max_bytes_delayed: 4096}", dialect).limits ==
          ToxicLimits{.max_bytes_delayed = 4096});
  }
}

TEST_CASE("wrong reaches are refused with the place and what fits", "[reach_decoder]") {
  const std::pair<const char*, const char*> cases[] = {
      {"affects: ne",
       "2:1: affects must be `both`, `new` or `open`, not `ne`; did you mean `new`?"},
      {"affects: 5", "2:1: affects must be `both`, `new` or `open`, not the number 5"},
      {"on_remove: rst",
       "2:1: on_remove must be `resume`, `close` or `reset`, not `rst`; did you mean `reset`?"},
      {"shadow: 5", "2:1: shadow must be true or false, not the number 5"},
      {"limits: 5", "2:1: limits must be a map, not the number 5"},
      {"limits: {}",
       "2:1: limits limits nothing: give max_connections, max_share or max_bytes_delayed"},
      {"limits: {max_connection: 5}",
       "2:10: unknown key `max_connection`; did you mean `max_connections`?"},
      {"limits: {max_connections: 0}",
       "2:10: limits.max_connections must be a whole number from 1 up, not the number 0"},
      {"limits: {max_connections: 2.5}",
       "2:10: limits.max_connections must be a whole number from 1 up, not the number 2.5"},
      {"limits: {max_share: 20}",
       "2:10: limits.max_share must be from 0 to 1, not `20`: write 0.05 or \"5%\" for one in "
       "twenty"},
      {"limits: {max_bytes_delayed: 0}",
       "2:10: limits.max_bytes_delayed must be a size from 1 byte up, like 10MB, not the number "
       "0"},
      {"limits: {max_share: }", "2:10: limits.max_share has no value"},
      {"shadow:", "2:1: shadow has no value"},
  };
  for (const auto& [text, expected] : cases) {
    CHECK(refusal_of("type: latency\n" + std::string(text)) == expected);
  }
}

TEST_CASE("affects and a type's own scope must leave somebody", "[reach_decoder]") {
  CHECK(refusal_of("type: blackhole\naffects: new\nattributes: {scope: open}") ==
        "2:1: affects: new leaves nobody: this `blackhole` is for open connections only");
  CHECK(refusal_of("type: connect_delay\naffects: open") ==
        "2:1: affects: open leaves nobody: this `connect_delay` is for new connections only");
  CHECK(decode_toxic(yaml("type: blackhole\naffects: new\nattributes: {scope: new}"),
                     Dialect::kStrict));
  CHECK(decode_toxic(yaml("type: connect_delay\naffects: new"), Dialect::kStrict));
}

TEST_CASE("an update may change all of it but the limits", "[reach_decoder]") {
  const auto toxic = decode_toxic(yaml("type: latency\nshadow: true\nlimits: {max_connections: 5}"),
                                  Dialect::kStrict);
  REQUIRE(toxic);
  const auto change_of = [&](const std::string& text) {
    return decode_toxic_change(yaml(text), *toxic, Dialect::kToxiproxy);
  };
  const auto change = change_of("shadow: false\naffects: new\non_remove: reset");
  REQUIRE(change);
  CHECK(change->shadow == false);
  CHECK(change->affects == Scope::kNew);
  CHECK(change->on_remove == OnRemove::kReset);
  const auto nothing = change_of("toxicity: 0.5\nlimits: {max_connections: 5}");
  REQUIRE(nothing);
  CHECK_FALSE((nothing->shadow || nothing->affects || nothing->on_remove));
  CHECK(change_of("limits: {max_connections: 6}").error().message ==
        "1:1: limits cannot be changed: remove the toxic and add it anew");
}

}  // namespace
}  // namespace faultline
