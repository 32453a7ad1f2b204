#include "cli/explanation.h"

#include <catch2/catch.hpp>

#include "proxy/config_file.h"
#include "tests/cli/client.h"
#include "tests/support/temp_dir.h"

namespace faultline {

namespace {

using test::TempDir;

/// The sentence for a toxic, written as in a configuration.
std::string sentence(const std::string& toxic) {
  const TempDir dir;
  const auto config = read_config_file(
      dir.write("f.yaml",
                "version: 1\nproxies:\n  - {name: a, listen: ':0', upstream: 'b:1', "
                "toxics: [" +
                    toxic + "]}\n"));
  if (!config) FAIL(config.error().message);
  return explanation(config->configured.proxies.front().toxics.front());
}

}  // namespace

TEST_CASE("explain tells what a configuration would do", "[explanation]") {
  const TempDir dir;
  const std::string file = dir.write("f.yaml", R"(version: 1
proxies:
  - name: redis
    listen: 127.0.0.1:26379
    upstream: redis.example:6379
    toxics:
      - {type: latency, name: slow, toxicity: 0.3, attributes: {latency: 200, jitter: 20},
         match: {clients: [10.0.0.0/8], destinations: ["*.example", "10.2.0.0/16:6379"]}}
      - {type: timeout, stream: upstream, pulse: {on: 2s, off: 20m}}
  - {name: web, listen: ":8080", upstream: "w:80"}
  - {name: out, listen: ":1080", protocol: socks5}
  - {name: off, listen: ":8081", upstream: "w:80", enabled: false, toxics: [{type: stall}]}
)");
  const test::Outcome outcome = test::run("explain " + file);
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "Proxy `redis` listens on 127.0.0.1:26379 and passes on to redis.example:6379.\n"
        "  `slow`: Answers from the server come 200 ms (± 20 ms) late, for 30 % of connections, "
        "for clients of 10.0.0.0/8, for connections to *.example and 10.2.0.0/16:6379.\n"
        "  `timeout_upstream`: Requests from the client are swallowed, and the connection stays "
        "open, by turns 2 s on and 20 min off.\n"
        "\n"
        "Proxy `web` listens on :8080 and passes on to w:80. It has no toxic.\n"
        "\n"
        "Proxy `out` listens on :1080 and passes on to wherever a client asks by SOCKS 5. It has "
        "no toxic.\n"
        "\n"
        "Proxy `off` is disabled: connecting to :8081 is refused.\n"
        "  `stall_downstream`: Connections stay open, and no byte from either side moves; none is "
        "lost.\n");
}

TEST_CASE("explain tells what partitions would do between which zones", "[explanation]") {
  const TempDir dir;
  const std::string file = dir.write("f.yaml", R"(version: 1
zones:
  a: {cidrs: [10.1.0.0/16, "fd00:1::/32"]}
  b: {}
proxies:
  - {name: redis, listen: ":0", upstream: "10.1.0.9:6379", client_zone: b, zone: a}
partitions:
  - {name: b-cut, shape: isolate, zones: [b], ttl: 10m}
  - {from: a, to: b, mode: lossy}
)");
  CHECK(
      test::run("explain " + file).out ==
      "Zone `a`: 10.1.0.0/16 and fd00:1::/32.\n"
      "Zone `b`: what proxies say is in it.\n"
      "\n"
      "Proxy `redis` listens on :0 and passes on to 10.1.0.9:6379; its clients are in zone b and "
      "its upstream is in zone a. It has no toxic.\n"
      "\n"
      "Partition `b-cut`: zone b is cut from everything else: packets vanish, and nobody is told, "
      "for 10m. Then its connections go on.\n"
      "Partition `a-to-b`: the way between zone a and zone b is lossy: packets are lost (loss "
      "15%), until it is healed.\n");
}

TEST_CASE("explain says what is wrong with a file, as serve does", "[explanation]") {
  const TempDir dir;
  const std::string file = dir.write("f.yaml", "version: 1\nproxys: []\n");
  const test::Outcome outcome = test::run("explain " + file);
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find("faultline explain: " + file + ":2:1: ") == 0);
  CHECK(outcome.err.find("did you mean `proxies`?") != std::string::npos);
  CHECK(test::run("explain").status == 2);
  CHECK(test::run("explain " + dir.write("empty.yaml", "version: 1\n")).out ==
        "There is no proxy.\n");
}

TEST_CASE("for whom and when is part of a toxic's sentence", "[explanation]") {
  const auto clauses = [](const std::string& conditions) {
    return sentence("{type: noop, " + conditions + "}");
  };
  CHECK(clauses("toxicity: 1") == "Nothing changes.");
  CHECK(clauses("toxicity: 0") == "Nothing changes, for no connection.");
  CHECK(clauses("toxicity: 0.001") == "Nothing changes, for 0.1 % of connections.");
  CHECK(clauses("match: {clients: [10.1.2.3, fd00::/8, 10.2.0.0/16]}") ==
        "Nothing changes, for clients of 10.1.2.3, fd00::/8 and 10.2.0.0/16.");
  CHECK(clauses("match: {first: 1}") == "Nothing changes, for the first connection.");
  CHECK(clauses("match: {after: 20, first: 10, every: 3}") ==
        "Nothing changes, behind the first 20 connections, for the first 10 connections, for every "
        "3rd connection.");
  CHECK(clauses("match: {every: 2}") == "Nothing changes, for every 2nd connection.");
  CHECK(clauses("match: {every: 11}") == "Nothing changes, for every 11th connection.");
  CHECK(clauses("match: {every: 21}") == "Nothing changes, for every 21st connection.");
  CHECK(clauses("pulse: {on: 2s, off: 5s, jitter: 500ms}") ==
        "Nothing changes, by turns 2 s on and 5 s off (each ± 500 ms).");
  CHECK(clauses("poisson: {on: 200ms, off: 20s}") ==
        "Nothing changes, by chance 200 ms on and 20 s off on average.");
  CHECK(clauses("after: 10s") == "Nothing changes, from 10 s of each connection's time on.");
  CHECK(clauses("until: 60s") == "Nothing changes, until 60 s of each connection's time.");
  CHECK(clauses("after: 64KiB, until: 1MB") ==
        "Nothing changes, from 64 KiB to 1 MB of answers from the server.");
  CHECK(sentence("{type: bandwidth, ramp: {attribute: rate, from: 10mbit, to: 1mbit, over: 30s}}")
            .find(", its rate going from 1250 KB/s to 125 KB/s over 30 s.") != std::string::npos);
  CHECK(sentence("{type: corrupt, ramp: {attribute: rate, from: 0, to: 5%, over: 30s}}")
            .find(", its rate going from 0 % to 5 % over 30 s.") != std::string::npos);
}

}  // namespace faultline
