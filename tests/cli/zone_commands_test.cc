// zone, partition, matrix and assert against a server, with connections between zones.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"
#include "cli/v1_remote.h"
#include "tests/cli/client.h"
#include "tests/support/server.h"

namespace faultline {
using Json = nlohmann::ordered_json;
using test::Client;
using test::Outcome;
using test::RunningServer;

namespace {

/// Zones a and b, 127.1.0.0/16 and 127.2.0.0/16, with an echo in each behind a proxy.
struct World {
  World() {
    const auto done = remote.call(
        "PUT", "/v1/zones",
        {{"zones", {{"a", {{"cidrs", {"127.1.0.0/16"}}}}, {"b", {{"cidrs", {"127.2.0.0/16"}}}}}}});
    if (!done) FAIL(done.error().message);
    client.says("create to-a -l 127.0.0.1:0 -u " + echo_a.address());
    client.says("create to-b -l 127.0.0.1:0 -u " + echo_b.address());
  }
  World(const World&) = delete;

  /// A connection that has passed a byte each way, from the zone whose addresses begin so.
  test::Socket open(const std::string& from, const std::string& proxy) const {
    const auto shown = remote.call("GET", "/v1/proxies/" + proxy);
    REQUIRE(shown);
    auto [socket, error] = test::Socket::try_connect_from("127." + from + ".0.9",
                                                          (*shown)["listen"].get<std::string>());
    REQUIRE(error == 0);
    socket.send("x");
    REQUIRE(socket.receive(1) == "x");
    return std::move(socket);
  }
  /// What a claim comes to; a line of words cannot hold one.
  std::string claim(const std::string& text) const {
    std::ostringstream out;
    std::ostringstream err;
    Console console{out, err};
    const int status = run_command({"assert", text, "-h", server.api_address()}, console);
    return std::to_string(status) + ": " + err.str();
  }

  test::Server echo_a{test::echo(), "127.1.0.1:0"};
  test::Server echo_b{test::echo(), "127.2.0.1:0"};
  RunningServer server;
  Client client{server};
  V1Remote remote{*parse_api_url(server.api_address())};
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A server whose partition b-cut has let 3 connections and 120 bytes cross; one that has `events`
/// tells so when it has ended.
test::Behaviour leaking(bool events) {
  return [events](const test::Socket& peer) {
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) request += peer.receive(1);
    const std::string view = R"({"name": "b-cut", "shape": "isolate", "zones": ["b"]})";
    const std::string effect =
        R"({"since": "2026-11-28T10:00:00.000Z", "matched": 9, "cut": 9, "refused": 0,
            "crossed": 123, "crossed_connections": 3, "crossed_bytes": 120})";
    std::string body = R"({"events": [{"time": "2026-11-28T10:01:05.000Z", "before": )" + view +
                       R"(, "effect": )" + effect + "}]}";
    if (!events) body = R"({"events": []})";
    if (has(request, "/effect ")) body = effect;
    if (has(request, "/b-cut ")) body = view;
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
              body);
    return test::Then::kFinish;
  };
}

}  // namespace

TEST_CASE("a cut that leaked fails its heal, in so many words", "[zone_commands]") {
  const test::Server server(leaking(true));
  const test::Server without_events(leaking(false));
  for (const char* command : {"zone heal b --no-verify", "partition delete b-cut"}) {
    const Outcome unknown = Client(without_events.address())(command);
    CHECK(unknown.status == 5);
    CHECK(unknown.out.find("matched") == std::string::npos);
    CHECK(unknown.err.find("not judged: what it did to its end is not known: ") == 0);
    const Outcome outcome = Client(server.address())(command);
    CHECK(outcome.status == 1);
    CHECK(has(outcome.out,
              " after 1m5s: its connections go on\n"
              "matched 9, cut 9, refused 0, crossed 123\n"));
    CHECK(outcome.err == "the cut leaked: 3 connections and 120 bytes crossed it\n");
  }
}

TEST_CASE("zones are listed, and an address is found in one or in none", "[zone_commands]") {
  const World world;
  CHECK(world.client.says("zone list") == "a\t127.1.0.0/16\tto-a\nb\t127.2.0.0/16\tto-b\n");
  CHECK(has(world.client("zone list", true).out, "a     127.1.0.0/16  to-a\n"));
  CHECK(Json::parse(world.client.says("zone list -o json"))["zones"][1]["proxies"][0] == "to-b");
  CHECK(world.client.says("zone which 127.2.3.4") ==
        "127.2.3.4 is in zone b, by 127.2.0.0/16; its proxies: to-b\n");
  CHECK(world.client.says("zone which 10.0.0.1") ==
        "10.0.0.1 is in no zone; there are: a (127.1.0.0/16); b (127.2.0.0/16)\n");
  CHECK(world.client.fails("zone which nowhere").find("1: Failed to find a zone: address must") ==
        0);
}

TEST_CASE("a zone is cut and healed in words, and the heal proves the cut", "[zone_commands]") {
  const World world;
  const test::Socket into = world.open("1", "to-b");
  const test::Socket out = world.open("2", "to-a");
  const test::Socket within = world.open("1", "to-a");

  CHECK(world.client.says("zone cut b --ttl 10m --dry-run") ==
        "would cut zone b from everything else\n");
  const std::string cut = world.client.says("zone cut b --ttl 10m");
  CHECK(cut.find("cut zone b from everything else: 2 open connections, in force after ") == 0);
  CHECK(has(cut, "; heals by itself in 10m, or now: faultline zone heal b\n"));
  CHECK(has(cut, "\n  a dials b through to-b: "));
  CHECK(has(cut, "\n  b dials a through to-a: "));
  CHECK(world.client.fails("zone cut b") ==
        "1: Failed to cut zone b: zone b is cut already, by the partition `b-cut`: --replace makes "
        "it this one instead, `faultline zone heal b` ends it\n");
  into.send("lost?");
  within.send("hello");
  CHECK(within.receive(5) == "hello");

  const std::string matrix = world.client.says("matrix");
  CHECK(has(matrix, "a          ok   1  12 B  cut  1  2 B\n"));
  CHECK(has(matrix, "left  matched 2, crossed 0  zone b is cut from everything else"));
  CHECK(has(world.client.says("partition show b-cut"), "    a dials b: matched 1, cut 1, "));
  CHECK(has(world.client.says("partition list"), "\tcut zone b from everything else\n"));
  CHECK(has(world.client.says("events --type partition."),
            "partition.started  b-cut  v1      cut zone b from everything else\n"));
  CHECK(has(world.client.says("events --type partition.probed"), " 3 probes: 3 "));
  CHECK(has(world.client("clean").out, "partition  b-cut"));
  CHECK(world.claim("partition b-cut crossed == 0 and matched > 0") == "0: ");
  CHECK(has(world.client.says("zone heal b --dry-run"), "so far it has matched 2, cut 2,"));

  const std::string healed = world.client.says("zone heal b");
  CHECK(has(healed, ": its connections go on\nthe first byte crossed again after "));
  CHECK(has(healed, "; no reconnects in "));
  CHECK(
      has(healed, "\nmatched 2, cut 2, refused 0, crossed 0; the cut held, nothing crossed it\n"));
  CHECK(into.receive(5) == "lost?");
  // What has ended can be asked of, and healed again.
  CHECK(world.claim("partition b-cut crossed == 0 and matched > 0") == "0: ");
  CHECK(world.claim("partition b-cut cut > 2") == "1: partition b-cut cut > 2: it is 2\n");
  CHECK(has(world.client.says("zone heal b"), "zone b is healed already, since "));
}

TEST_CASE("a cut that met nobody has proved nothing, and one that is not there says so",
          "[zone_commands]") {
  const World world;
  world.client.says("zone cut b");
  const Outcome healed = world.client("zone heal b");
  CHECK(healed.status == 5);
  CHECK(has(healed.out, "matched 0, cut 0, refused 0, crossed 0\n"));
  CHECK(healed.err.find("inconclusive: nothing matched") == 0);
  CHECK(world.claim("partition b-cut crossed == 0").find("5: ") == 0);
  CHECK(world.claim("partition b-cat crossed == 0") ==
        "1: there is no partition `b-cat`, and none has ended; did you mean `b-cut`?\n");
  CHECK(world.client.fails("zone heal a") ==
        "1: Failed to heal zone a: it is not cut: there is no partition `a-cut`; `faultline "
        "partition list` shows those that there are\n");
  CHECK(world.client.fails("zone heal q") ==
        "1: Failed to heal zone q: there is no zone `q`; there are a, b\n");
  CHECK(world.client.fails("zone cut q") ==
        "1: Failed to cut zone q: there is no zone `q`; there are a, b\n");
  CHECK(world.client.fails("zone cut b --mode slw").find("2: faultline: --mode must be ") == 0);
  CHECK(world.client.fails("zone cut b --ttl 9h") ==
        "1: Failed to cut zone b: --ttl must be at most 2h (--max-ttl), not 9h\n");
  world.client("halt --reason drill");
  CHECK(world.client.fails("zone cut b").find("4: Failed to cut zone b: faults are halted") == 0);
}

TEST_CASE("any partition is made, replaced and healed by its name", "[zone_commands]") {
  const World world;
  const test::Socket into = world.open("1", "to-b");
  CHECK(world.client.says("partition create far --from a --to * --latency 5ms")
            .find("slowed the way between zone a and everything else: 1 open connection, ") == 0);
  CHECK(has(world.client.fails("partition create far --from a --to b"),
            "there is a partition `far` already: --replace makes it this one instead"));
  CHECK(world.client.says("partition create far --from a --to b --mode stall --replace")
            .find("cut zone a from zone b: ") == 0);
  CHECK(Json::parse(world.client.says("partition show far -o json"))["effect"]["partition"] ==
        "far");
  CHECK(has(world.client.says("partition delete far"), "healed partition far after "));
  CHECK(world.client.says("zone cut b --shadow --one-way out")
            .find("would cut the way from zone b to everything else, a shadow: ") == 0);
  CHECK(has(world.client.says("zone heal b"), "matched 1; it was a shadow"));
  CHECK(world.client.fails("partition delete none-such") ==
        "1: Failed to heal partition none-such: there is no partition `none-such`\n");
}

TEST_CASE("a cut that no proxy carries out is warned of", "[zone_commands]") {
  const World world;
  REQUIRE(world.remote.call("PUT", "/v1/zones/c", {{"cidrs", {"127.3.0.0/16"}}}));
  world.client.says("delete to-a");
  world.client.says("delete to-b");
  const Outcome outcome = world.client("zone cut c");
  CHECK(outcome.status == 0);
  CHECK(outcome.err.find("warning: no proxy is between these zones") == 0);
}

TEST_CASE("a watched cut ends with what it has proved", "[zone_commands]") {
  const World world;
  const test::Socket into = world.open("1", "to-b");
  const std::string text = world.client.says("zone cut b --ttl 300ms --watch=100ms --no-verify");
  CHECK(has(text, "a > b  cut  1 open  1 B sent\n"));
  CHECK(has(text, "b-cut  has ended\nzone b has healed by itself, at "));
  CHECK(has(text, " (cause: ttl)\nmatched 1, cut 1, refused 0, crossed 0; the cut held"));
}

TEST_CASE("the commands on zones have help, and shells complete their names", "[zone_commands]") {
  for (const char* command :
       {"zone", "zone list", "zone which", "zone cut", "zone heal", "matrix", "assert", "partition",
        "partition create", "partition list", "partition show", "partition delete"}) {
    INFO(command);
    const Outcome outcome = test::run(std::string(command) + " --help");
    CHECK(outcome.status == 0);
    CHECK(has(outcome.out, "Usage: faultline " + std::string(command)));
    CHECK(has(outcome.out, "Examples:\n  "));
  }
  for (const char* shell : {"bash", "zsh"}) {
    const std::string script = test::run(std::string("completion ") + shell).out;
    CHECK(has(script,
              "\"zone heal\") candidates=\"--help --verify --no-verify --dry-run --host "
              "--output\"; "
              "lister=\"zone list\" ;;\n"));
    CHECK(has(script,
              "\"partition show\") candidates=\"--help --host --output\"; "
              "lister=\"partition list\" ;;\n"));
    CHECK(has(script, "--mode) candidates=\"blackhole reset refuse close stall slow lossy\""));
    CHECK_FALSE(has(script, "\"partition create\") candidates=\"--help\"; lister"));
  }
  CHECK(has(test::run("completion fish").out, "(faultline zone list 2>/dev/null | cut -f1)"));
}

}  // namespace faultline
