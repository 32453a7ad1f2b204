// A toxic's conditions: what they may say, and where errors say that they are.

#include "proxy/timing_decoder.h"

#include <catch2/catch.hpp>
#include <string>

#include "proxy/spec_decoder.h"
#include "proxy/yaml_document.h"

namespace faultline {
namespace {

Document document_of(const std::string& text) {
  const auto document = parse_yaml(text, [](const std::string&) { return std::nullopt; });
  INFO(text);
  REQUIRE(document);
  return *document;
}

ToxicSpec toxic(const std::string& text, Dialect dialect = Dialect::kStrict) {
  const auto spec = decode_toxic(document_of(text), dialect);
  INFO(text << ": " << (spec ? "" : spec.error().message));
  REQUIRE(spec);
  return *spec;
}

std::string error_of(const std::string& text, Dialect dialect = Dialect::kStrict) {
  const auto spec = decode_toxic(document_of(text), dialect);
  INFO(text);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().kind == ErrorKind::kInvalid);
  return spec.error().message;
}

std::string error_of_update(const std::string& text, const ToxicSpec& spec) {
  const auto change = decode_toxic_change(document_of(text), spec, Dialect::kToxiproxy);
  return change ? "" : change.error().message;
}

TEST_CASE("errors in conditions begin with the place and name the whole key", "[timing_decoder]") {
  const std::pair<const char*, const char*> cases[] = {
      {"pulse: {on: 1s}", "2:1: missing required field: pulse.off"},
      {"pulse:\n  on: 1s\n  off: 5x",
       "4:3: pulse.off: `5x` is no duration: write 500ms, 5s, 2m or 1h30m"},
      {"pulse: {on: 1s, off: 2s, jitter: 5}",
       "2:26: pulse.jitter must be a duration like 1.5s, not the number 5"},
      {"pulse: {on: 1us, off: 2s}", "2:1: pulse: on and off must be at least 1ms"},
      {"pulse: {onn: 1s}", "2:9: unknown key `onn`; did you mean `on`?"},
      {"poisson: {off: 1s}", "2:1: missing required field: poisson.on"},
      {"match: {first: x}", "2:9: match.first must be a whole number from 1 up, not a string"},
      {"match: {every: 0}", "2:9: match.every must be a whole number from 1 up, not the number 0"},
      {"match: {every: 2.5}",
       "2:9: match.every must be a whole number from 1 up, not the number 2.5"},
      {"match: {clients: 10.0.0.0/8}",
       "2:9: match.clients must be a list like [10.1.0.0/16], not a string"},
      {"match: {clients: []}", "2:9: match.clients is empty: leave match out, or name a prefix"},
      {"match: {not_clients: []}",
       "2:9: match.not_clients is empty: leave not_clients out, or name a prefix"},
      {"match: {not_clients: [x]}",
       "2:23: match.not_clients: `x` is not an IP address or prefix, such as 127.0.0.1, "
       "10.1.0.0/16 or fd00::/8"},
      {"match: {connections: 30}",
       "2:9: match.connections must be from 0 to 1, not `30`: write 0.05 or \"5%\" for one in "
       "twenty"},
      {"match: {connections: []}",
       "2:9: match.connections must be a number from 0 to 1, or a percentage like \"5%\", not a "
       "list"},
      {"match: {by: client}", "2:9: match.by says how match.connections is drawn: give that, too"},
      {"match: {connections: 1%, by: 5}",
       "2:26: match.by must be `ordinal` or `client`, not the number 5"},
      {"match: {clients: [x/]}",
       "2:19: match.clients: `x/` is not an IP address or prefix, such as 127.0.0.1, 10.1.0.0/16 "
       "or fd00::/8"},
      {"ramp: {from: 0, over: 1s}", "2:1: missing required field: ramp.to"},
      {"ramp: {from: 0, to: 5}", "2:1: missing required field: ramp.over"},
      {"ramp: {from: x, to: 5, over: 1s}", "2:8: ramp.from must be a whole number of ms, not `x`"},
      {"ramp: {from: 0.5, to: 5, over: 1s}",
       "2:8: ramp.from must be a whole number of ms, not the number 0.5"},
      {"ramp: {from: 0, to: -5, over: 1s}", "2:17: ramp.to must be at least 0, not `-5`"},
      {"ramp: {from: [], to: 5, over: 1s}",
       "2:8: ramp.from must be a whole number of ms, not a list"},
      {"ramp: {attribute: 5}", "2:8: ramp.attribute must be a string, not the number 5"},
      {"ramp: {attribute: latecy, from: 0, to: 5, over: 1s}",
       "2:1: ramp.attribute must name a number of `latency`; did you mean `latency`?"},
      {"after: '10'",
       "2:1: after must be a time like \"10s\" or a size like \"64KiB\", not `10`: it needs a "
       "unit"},
      {"until: 10",
       "2:1: until must be a time like \"10s\" or a size like \"64KiB\", not the number 10: it "
       "needs a unit"},
      {"until: soon",
       "2:1: until must be a time like \"10s\" or a size like \"64KiB\", not `soon`"},
      {"until: []", "2:1: until must be a time like \"10s\" or a size like \"64KiB\", not a list"},
  };
  for (const auto& [condition, expected] : cases) {
    CHECK(error_of("type: latency\n" + std::string(condition)) == expected);
  }
}

TEST_CASE("a match that names nobody is refused in every dialect", "[timing_decoder]") {
  const std::string nobody =
      "match names nobody: give clients, not_clients, destinations, connections, after, first or "
      "every";
  CHECK(error_of("type: stall\nmatch: {}") == "2:1: " + nobody);
  CHECK(error_of("type: stall\nmatch: {}", Dialect::kToxiproxy) == "2:1: " + nobody);
  CHECK(error_of("type: stall\nmatch: {clients: null}", Dialect::kToxiproxy) == "2:1: " + nobody);
}

TEST_CASE("a file's condition needs a value; for Toxiproxy's clients null is absent",
          "[timing_decoder]") {
  for (const std::string& key : condition_keys()) {
    CHECK(error_of("type: latency\n" + key + ":") == "2:1: " + key + " has no value");
    CHECK(toxic("type: latency\n" + key + ":", Dialect::kToxiproxy) ==
          toxic("type: latency", Dialect::kToxiproxy));
  }
  CHECK(error_of("type: stall\nmatch: {first: 3, clients: }") ==
        "2:19: match.clients has no value");
  CHECK(error_of("type: stall\npulse: {on: 1s, off: 2s, jitter: }") ==
        "2:26: pulse.jitter has no value");
  CHECK(toxic("type: stall\nmatch: {first: 3, clients: }", Dialect::kToxiproxy).match ==
        ToxicMatch{.count = {.first = 3}});
}

TEST_CASE("a share of the connections is a percentage or a number, in every dialect",
          "[timing_decoder]") {
  for (const Dialect dialect : {Dialect::kStrict, Dialect::kToxiproxy}) {
    const ToxicMatch percent = toxic("type: stall\nmatch: {connections: 30%}", dialect).match;
    CHECK(percent == ToxicMatch{.share = ConnectionShare{.share = 0.3}});
    CHECK(toxic("type: stall\nmatch: {connections: 0.3}", dialect).match == percent);
    CHECK(toxic("type: stall\nmatch: {connections: 1, by: client}", dialect).match ==
          ToxicMatch{.share = ConnectionShare{.share = 1, .by = ConnectionShare::By::kClient}});
    CHECK(toxic("type: stall\nmatch: {not_clients: [10.0.0.0/8]}", dialect).match.not_clients ==
          std::vector<IpPrefix>{*IpPrefix::parse("10.0.0.0/8")});
  }
  // An update that repeats what the API shows, with six decimals, is fine.
  const ToxicSpec third = toxic("type: stall\nmatch: {connections: 33.33333333%}");
  CHECK(error_of_update("match: {connections: 0.333333}", third).empty());
  CHECK_FALSE(error_of_update("match: {connections: 0.333334}", third).empty());
  CHECK_FALSE(error_of_update("match: {connections: 0.333333, by: client}", third).empty());
}

TEST_CASE("a whole number may be written with a point", "[timing_decoder]") {
  CHECK(toxic("type: stall\nmatch: {after: 20, first: 10.0, every: 2e0}").match ==
        ToxicMatch{.count = {.after = 20, .first = 10, .every = 2}});
  CHECK(error_of("type: stall\nmatch: {first: 1e300}").find("match.first must be") !=
        std::string::npos);
  const ToxicSpec pulsed = toxic("type: stall\npulse: {on: 2000.0, off: 500}", Dialect::kToxiproxy);
  CHECK(pulsed.timing.pulse->on == std::chrono::seconds(2));
}

TEST_CASE("an update that would change a condition is refused", "[timing_decoder]") {
  const ToxicSpec plain = toxic("type: latency");
  const std::pair<const char*, const char*> changes[] = {
      {"match", "match: {first: 3}"},
      {"pulse", "pulse: {on: 1s, off: 2s}"},
      {"poisson", "poisson: {on: 1s, off: 2s}"},
      {"after", "after: 10s"},
      {"after", "after: 10KB"},
      {"until", "until: 10s"},
      {"until", "until: 10KB"},
      {"ramp", "ramp: {from: 0, to: 5, over: 1s}"}};
  for (const auto& [key, text] : changes) {
    const std::string refused =
        "1:1: " + std::string(key) + " cannot be changed: remove the toxic and add it anew";
    CHECK(error_of_update(text, plain) == refused);
    // What it has can be repeated, and left out.
    const ToxicSpec same = toxic("type: latency\n" + std::string(text));
    CHECK(error_of_update(text, same).empty());
    CHECK(error_of_update("toxicity: 0.5", same).empty());
    CHECK(error_of_update(std::string(key) + ": null", same).empty());
  }
  const ToxicSpec full =
      toxic("type: latency\nafter: 10s\nuntil: 20s\nmatch: {first: 3, every: 2}");
  CHECK(error_of_update("until: 20s", full).empty());
  CHECK(error_of_update("until: 21s", full).find("until cannot be changed") != std::string::npos);
  CHECK(error_of_update("until: 20s\nafter: 9s", full).find("after cannot") != std::string::npos);
  CHECK(error_of_update("until: 20KB", full).find("until cannot") != std::string::npos);
  CHECK(error_of_update("match: {first: 3}", full).find("match cannot") != std::string::npos);
  CHECK(error_of_update("pulse: {}", full) == "1:1: missing required field: pulse.on");
}

TEST_CASE("a ramp is the same if the API shows it so", "[timing_decoder]") {
  const ToxicSpec ramped =
      toxic("type: path\nramp: {attribute: loss, from: 0.12345678, to: 50%, over: 60s}");
  const std::string shown = "ramp: {attribute: loss, from: 0.123457, to: 0.5, over: 1m}";
  CHECK(error_of_update(shown, ramped).empty());
  const std::string other = "ramp: {attribute: loss, from: 0.123458, to: 0.5, over: 1m}";
  CHECK_FALSE(error_of_update(other, ramped).empty());
}

}  // namespace
}  // namespace faultline
