// toxic add, update and remove in words, over /v1.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/cli/client.h"
#include "tests/support/server.h"

namespace faultline {
using nlohmann::json;
using test::Client;
using test::RunningServer;

namespace {

/// `text` with its times of day replaced.
std::string without_times(const std::string& text) {
  return std::regex_replace(text, std::regex(R"(\d\d:\d\d:\d\d)"), "TIME");
}

/// A server with a proxy `redis`.
struct World {
  World() : client(server) { client.says("create redis -l 127.0.0.1:0 -u a:1"); }

  json toxic() const { return json::parse(client.says("inspect redis -o json"))["toxics"].at(0); }

  RunningServer server;
  Client client;
};

}  // namespace

TEST_CASE("a toxic is added in the words people would guess", "[toxic_words]") {
  const World world;
  const Client& client = world.client;
  CHECK(without_times(client.says(
            "toxic add redis latency 200ms --jitter 20ms --on response --share 30% --for 5m")) ==
        "Added latency toxic 'latency_downstream' on proxy 'redis': latency 200ms, jitter 20ms, "
        "answers, 30% of the connections, until TIME (5m)\n");
  const json toxic = world.toxic();
  CHECK(toxic["attributes"]["latency"] == 200);
  CHECK(toxic["attributes"]["jitter"] == 20);
  CHECK(toxic["match"]["connections"] == 0.3);
  CHECK(without_times(client.says("toxic add redis bandwidth rate=1MB/s scope=proxy --on request "
                                  "-n slow --owner anna --reason drill --toxicity 0.5")) ==
        "Added bandwidth toxic 'slow' on proxy 'redis': rate 1MB/s, scope proxy, requests, "
        "toxicity 50%, until TIME (10m)\n");
  CHECK(without_times(client.says("toxic add redis stall --client 10.0.0.0/8 --shadow")) ==
        "Added stall toxic 'stall_downstream' on proxy 'redis': clients in 10.0.0.0/8, "
        "a shadow, does nothing, until TIME (10m)\n");
  CHECK(without_times(client.says("toxic add redis 5ms -n lag -t latency")) ==
        "Added latency toxic 'lag' on proxy 'redis': latency 5ms, answers, until TIME (10m)\n");
  CHECK(client.says("toxic add -t noop redis --for 90s -o json").find("\"ttl\": \"1m30s\"") !=
        std::string::npos);
}

TEST_CASE("each attribute is an option, with hyphens too", "[toxic_words]") {
  const World world;
  CHECK(without_times(world.client.says(
            "toxic add redis slicer --average-size 64 --size_variation 8 --delay 10us")) ==
        "Added slicer toxic 'slicer_downstream' on proxy 'redis': average_size 64, "
        "size_variation 8, delay 10us, answers, until TIME (10m)\n");
}

TEST_CASE("a toxic bound to a lease says so", "[toxic_words]") {
  const World world;
  std::string lease = world.client.says("lease --ttl 30s");
  lease.pop_back();
  CHECK(world.client.says("toxic add redis stall --lease " + lease) ==
        "Added stall toxic 'stall_downstream' on proxy 'redis': as long as lease " + lease + "\n");
}

TEST_CASE("what is wrong with a toxic in words is told of its option or word", "[toxic_words]") {
  const World world;
  const Client& client = world.client;
  const std::pair<const char*, const char*> cases[] = {
      {"latencyy 5ms",
       "no toxic type `latencyy`; did you mean `latency`? attributes: latency, jitter, "
       "distribution, sigma, shape, max, samples, correlation, way"},
      {"latency 200", "latency needs a unit: write \"200ms\" for the number 200 of ms"},
      {"latency 200ms --jitter 20",
       "--jitter needs a unit: write \"20ms\" for the number 20 of ms"},
      {"latency 200ms --rate 1MB/s",
       "`latency` has no attribute `rate`; attributes: latency, jitter, distribution, sigma, "
       "shape, max, samples, correlation, way"},
      {"latency 200ms latency=1s", "`latency` is given twice"},
      {"latency 200ms 20ms",
       "unexpected argument `20ms`: further attributes are NAME=VALUE or --NAME VALUE"},
      {"noop 5", "`noop` takes no value, so no `5`"},
      {"latency 1s --on reply", "--on must be `request` or `response`, not `reply`"},
      {"latency 1s --on both",
       "--on: a toxic is for one direction: add one on request, one on response"},
      {"latency 1s -u -d", "Only one should be specified: upstream or downstream."},
      {"latency 1s --on request -d", "--on says what --upstream and --downstream say: give one"},
      {"stall --on request",
       "`stall` is for the whole connection: leave --on out; -a side=... says whose side fails"},
      {"latency 1s --share 30",
       "--share must be from 0 to 1, not `30`: write 0.05 or \"5%\" for one in twenty"},
      {"latency 1s --for 5",
       "--for must be a time like \"10m\", or \"none\": `5` is no duration: write 500ms, 5s, 2m "
       "or 1h30m"},
      {"latency 1s --affects old", "--affects must be `both`, `new` or `open`, not `old`"},
      {"latency 1s --max-bytes-delayed 0",
       "--max-bytes-delayed must be a size from 1 byte up, like 10MB, not a string"},
      {"packet_loss 5% --every 3",
       "--every: `packet_loss` has an attribute `every`, too: write every=VALUE for it, or -t "
       "packet_loss with -a and --every for what the option means"},
  };
  for (const auto& [words, expected] : cases) {
    INFO(words);
    CHECK(client.fails("toxic add redis " + std::string(words)) ==
          "2: faultline: " + std::string(expected) + "\n");
  }
  CHECK(client.fails("toxic add latency redis 5ms") ==
        "2: faultline: no toxic type `redis`; the proxy's name comes first: toxic add redis "
        "latency\n");
  CHECK(client.fails("toxic add redis") ==
        "2: faultline: a TYPE is missing: `faultline toxic types` lists them\n");
  CHECK(client.fails("toxic add redis latency 5ms --jiter 1ms") ==
        "2: faultline toxic add: unknown option `--jiter`; did you mean `--jitter`?\n");
}

TEST_CASE("what the server has against a toxic is told of its option", "[toxic_words]") {
  const World world;
  const Client& client = world.client;
  CHECK(client.fails("toxic add redis latency 1s --for 3h") ==
        "1: Failed to add toxic: --for must be at most 2h (--max-ttl), not 3h\n");
  CHECK(client.fails("toxic add redis latency 1s --lease x") ==
        "1: Failed to add toxic: --lease: there is no lease `x`: it may have ended\n");
  CHECK(client.fails("toxic add rediss latency 1s") ==
        "1: Failed to add toxic: there is no proxy `rediss`; did you mean `redis`?\n");
  client.says("toxic add redis latency 1s");
  CHECK(client.fails("toxic add redis latency 1s") ==
        "1: Failed to add toxic: proxy `redis` has a toxic `latency_downstream` already: give this "
        "one a --name\n");
  CHECK(client.fails("toxic add redis latency 1s --name latency_downstream") ==
        "1: Failed to add toxic: --name: proxy `redis` has a toxic `latency_downstream` already\n");
  for (const char* number : {"nan", "inf"}) {
    CHECK(client.fails("toxic add redis latency " + std::string(number)).substr(0, 2) == "2:");
  }
  client.says("halt --reason drill");
  CHECK(client.fails("toxic add redis stall").substr(0, 25) == "4: Failed to add toxic: f");
  CHECK(client.fails("toxic add redis -t stall").substr(0, 25) == "4: Failed to add toxic: H");
}

TEST_CASE("Toxiproxy's words stay Toxiproxy's calls, which have no end", "[toxic_words]") {
  const World world;
  CHECK(world.client.says("toxic add -t latency -a latency=100 --share 30% redis") ==
        "Added downstream latency toxic 'latency_downstream' on proxy 'redis'\n");
  const json config = json::parse(world.client.says("config dump"));
  CHECK(config["proxies"][0]["toxics"][0]["ttl"] == "none");
}

TEST_CASE("Toxiproxy's words with a time are /v1's, and keep their units", "[toxic_words]") {
  const World world;
  CHECK(without_times(world.client.says("toxic add -t latency -a latency=100 redis --for 5m")) ==
        "Added latency toxic 'latency_downstream' on proxy 'redis': latency 100ms, answers, until "
        "TIME (5m)\n");
  CHECK(world.client.fails("toxic add -t latency -a latency=x redis --for 5m") ==
        "2: faultline: latency must be a whole number of ms, not `x`\n");
  CHECK(world.client.fails("toxic add -t latency -a latency=1 redis --dry-run") ==
        "2: faultline: --dry-run: with -t alone this goes to Toxiproxy's API, which cannot be "
        "asked; say it in words, or with --for\n");
}

TEST_CASE("an update in words changes what is said, and says what is", "[toxic_words]") {
  const World world;
  const Client& client = world.client;
  client.says("toxic add redis latency 200ms -n slow --shadow --for 5m");
  CHECK(without_times(client.says("toxic update -n slow redis --latency 1s --no-shadow")) ==
        "Updated latency toxic 'slow' on proxy 'redis': latency 1s, answers, until TIME (5m)\n");
  CHECK(world.toxic().contains("shadow") == false);
  CHECK(without_times(client.says("toxic update -n slow redis --shadow --affects new "
                                  "--on-remove reset --for 90m")) ==
        "Updated latency toxic 'slow' on proxy 'redis': latency 1s, answers, new connections, "
        "when removed, reset, a shadow, does nothing, until TIME (1h30m)\n");
  CHECK(without_times(client.says("toxic update -n slow redis --live --dry-run --affects both")) ==
        "Would update latency toxic 'slow' on proxy 'redis': latency 1s, answers, when removed, "
        "reset, until TIME (1h30m)\n");
  CHECK(world.toxic()["shadow"] == true);
  CHECK(without_times(client.says("toxic update redis slow 2s jitter=1ms --dry-run")) ==
        "Would update latency toxic 'slow' on proxy 'redis': latency 2s, jitter 1ms, answers, new "
        "connections, when removed, reset, a shadow, does nothing, until TIME (1h30m)\n");
  CHECK(without_times(client.says("toxic update redis slow -a latency=7 --ttl 1m -o table")) ==
        "Updated latency toxic 'slow' on proxy 'redis': latency 7ms, answers, new connections, "
        "when removed, reset, a shadow, does nothing, until TIME (1m)\n");
  CHECK(client.says("toxic update redis -n slow -a latency=8") ==
        "Updated toxic 'slow' on proxy 'redis'\n");
  CHECK(client.says("toxic update redis slow --toxicity 50%").find("toxicity 50%") !=
        std::string::npos);
  client.says("toxic update redis slow --toxicity 100%");
  CHECK(client.fails("toxic update redis") ==
        "2: faultline: a TOXIC is missing: `faultline inspect redis` lists them\n");
  CHECK(client.fails("toxic remove redis slow -n slow") ==
        "2: faultline: unexpected argument `slow`: -n names the toxic already\n");
  CHECK(client.fails("toxic update -n slow redis --shadow --live") ==
        "2: faultline: --shadow and --no-shadow: give one\n");
  CHECK(client.fails("toxic update -n slow redis --for 3h") ==
        "1: Failed to update toxic: --for must be at most 2h (--max-ttl), not 3h\n");
  CHECK(client.fails("toxic update -n slwo redis --for 3h") ==
        "1: Failed to update toxic: there is no toxic `slwo`; did you mean `slow`?\n");
  CHECK(client.fails("toxic update -n slow redis --dry-run") ==
        "2: faultline: nothing to update: say what changes\n");
}

TEST_CASE("a dry run says what would be, and changes nothing", "[toxic_words]") {
  const World world;
  const Client& client = world.client;
  CHECK(client.says("toxic add redis latency 200ms --for 5m --dry-run") ==
        "Would add latency toxic 'latency_downstream' on proxy 'redis': latency 200ms, answers, "
        "for 5m\n");
  CHECK(client.says("inspect redis").empty());
  client.says("toxic add redis stall");
  CHECK(without_times(client.says("toxic remove -n stall_downstream redis --dry-run")) ==
        "Would remove stall toxic 'stall_downstream' on proxy 'redis': until TIME (10m)\n");
  CHECK_FALSE(client.says("inspect redis").empty());
  CHECK(client.says("create b -l 127.0.0.1:0 -u a:1 --dry-run") ==
        "Would create proxy b: listens on 127.0.0.1:0, passes on to a:1\n");
  CHECK(client.fails("create redis -l 127.0.0.1:0 -u a:1 --dry-run").find("already") !=
        std::string::npos);
  CHECK(client.says("delete redis --dry-run") == "Would delete proxy redis\n");
  CHECK(client.says("disable redis --dry-run") == "Would disable proxy redis\n");
  CHECK(client.says("toggle redis --dry-run") == "Would disable proxy redis\n");
  CHECK(client.says("enable redis --dry-run") == "Proxy redis is enabled already\n");
  const std::string list = client.says("list");
  CHECK(list.find("redis") == 0);
  CHECK(list.find("\tenabled\t1\n") != std::string::npos);
}

TEST_CASE("removing a toxic that touched nothing warns, and removes it", "[toxic_words]") {
  const test::Server echo(test::echo());
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u " + echo.address());
  const std::string listen = json::parse(client.says("inspect redis -o json"))["listen"];
  client.says("toxic add -t latency -a latency=1 -n slow redis");
  const test::Outcome unused = client("toxic remove -n slow redis");
  CHECK(unused.status == 0);
  CHECK(unused.out == "Removed toxic 'slow' on proxy 'redis'\n");
  CHECK(unused.err == "warning: toxic 'slow' touched no connection: is the client really using " +
                          listen + "?\n");

  const test::Socket peer = test::Socket::connect(listen);
  peer.send("x");
  CHECK(peer.receive_some(1).bytes == "x");
  client.says("toxic add redis latency 1ms -n others --client 10.0.0.0/8");
  CHECK(client("toxic remove redis others").err ==
        "warning: toxic 'others' touched no connection: it was not for the connection that it "
        "met\n");
  client.says("toxic add redis latency 1ms -n idle");
  CHECK(client("toxic remove -n idle redis").err ==
        "warning: toxic 'idle' did nothing to the connection that it matched\n");
  client.says("toxic add redis latency 1ms -n slow");
  peer.send("y");
  CHECK(peer.receive_some(1).bytes == "y");
  CHECK(client("toxic remove -n slow redis").err.empty());
}

}  // namespace faultline
