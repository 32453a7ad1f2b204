#include "cli/toxic_option.h"

#include <catch2/catch.hpp>

#include "cli/explanation.h"

namespace faultline {

namespace {

std::string error_of(const std::string& text) {
  const auto option = parse_toxic_option(text);
  REQUIRE_FALSE(option);
  return option.error().message;
}

ToxicSpec toxic_in(const std::string& text) {
  const auto option = parse_toxic_option(text);
  if (!option) FAIL(option.error().message);
  CHECK(option->proxy == "redis");
  return option->toxic;
}

}  // namespace

TEST_CASE("the bare value of a toxic option is its first attribute", "[toxic_option]") {
  const ToxicSpec lag = toxic_in("redis:latency=200ms");
  CHECK(lag.type->name == "latency");
  CHECK(lag.name == "latency_downstream");
  CHECK(lag.direction == Direction::kDownstream);
  CHECK(lag.attributes[0] == AttributeValue(200));
  CHECK(toxic_in("redis:bandwidth=1MB/s").attributes[0] == AttributeValue(1000));
  CHECK(toxic_in("redis:corrupt=5%").attributes[0].decimal() == 0.05);
  CHECK(toxic_in("redis:blackhole=client").attributes[0] == AttributeValue(1));
  CHECK(toxic_in("redis:timeout").attributes[0] == AttributeValue(0));
  CHECK(toxic_in("redis:accept_backlog_full").type->name == "accept_backlog_full");
}

TEST_CASE("a toxic option takes attributes, name, stream, toxicity and conditions",
          "[toxic_option]") {
  const ToxicSpec lag = toxic_in(
      "redis:latency=200ms,jitter=20ms,name=slow,stream=upstream,toxicity=0.3,client=10.0.0.0/8,"
      "client=10.1.2.3,first=9,pulse=2s/5s,after=1s,ramp=latency=0..200/60s");
  CHECK(lag.name == "slow");
  CHECK(explanation(lag) ==
        "Requests from the client come 200 ms (± 20 ms) late, for 30 % of connections, for clients "
        "of 10.0.0.0/8 and 10.1.2.3, for the first 9 connections, by turns 2 s on and 5 s off, "
        "from 1 s of each connection's time on, its latency going from 0 ms to 200 ms over 60 s.");
}

TEST_CASE("an attribute goes before a condition of its name", "[toxic_option]") {
  const ToxicSpec loss = toxic_in("redis:packet_loss,every=100");
  CHECK(loss.match.count.every == 0);
  CHECK(toxic_in("redis:latency,every=100").match.count.every == 100);
}

TEST_CASE("a proxy's name may have colons", "[toxic_option]") {
  const auto option = parse_toxic_option("a:b:stall");
  REQUIRE(option);
  CHECK(option->proxy == "a:b");
}

TEST_CASE("what is wrong with a toxic option is said", "[toxic_option]") {
  const std::string shape =
      "is not PROXY:TYPE[=VALUE][,NAME=VALUE...], for example redis:latency=200ms,jitter=20ms";
  for (const std::string text : {"", "redis", ":latency=1", "redis:", "latency=redis:1"}) {
    CHECK(error_of(text) == "`" + text + "` " + shape);
  }
  const auto with = [](const std::string& rest) { return "`redis:" + rest + "`: "; };
  CHECK(error_of("redis:latency=") ==
        with("latency=") + "`latency` has no value: write latency=NUMBER (ms)");
  CHECK(error_of("redis:latency=fast") ==
        with("latency=fast") + "latency must be a whole number of ms, not `fast`");
  CHECK(
      error_of("redis:latency,jiter=2ms")
          .find(with("latency,jiter=2ms") +
                "`latency` takes no `jiter`; did you mean `jitter`? there are latency, jitter, ") ==
      0);
  CHECK(error_of("redis:latency=1,latency=2") ==
        with("latency=1,latency=2") + "`latency` is given twice");
  CHECK(error_of("redis:latency,name=") ==
        with("latency,name=") + "`name` has no value: write name=...");
  CHECK(error_of("redis:noop=1") == with("noop=1") + "`noop` takes no value");
  CHECK(error_of("redis:latency,toxicity=2") ==
        with("latency,toxicity=2") + "toxicity should be a float between 0 and 1.");
  CHECK(error_of("redis:latency,stream=up") ==
        with("latency,stream=up") + "stream was invalid, can be either upstream or downstream");
  CHECK(error_of("redis:blackhole,stream=upstream") ==
        with("blackhole,stream=upstream") +
            "`blackhole` is for the whole connection: leave stream out");
  CHECK(error_of("redis:latency,pulse=2s").find(with("latency,pulse=2s") + "pulse: ") == 0);
}

}  // namespace faultline
