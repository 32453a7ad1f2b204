// toxic add's conditions, from the option to what inspect says.

#include "cli/conditions.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control-api/json_writer.h"
#include "proxy/config_file.h"
#include "tests/cli/client.h"
#include "tests/support/temp_dir.h"

namespace faultline {
using nlohmann::json;
using test::Client;
using test::RunningServer;

TEST_CASE("each condition reaches the server, and inspect says it in words", "[conditions]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  struct Case {
    const char* options;
    const char* sent;   ///< As the server describes it.
    const char* words;  ///< As inspect does.
  };
  const Case cases[] = {
      {"--client 10.1.0.0/16 --client 10.2.0.1",
       R"({"match": {"clients": ["10.1.0.0/16", "10.2.0.1"]}})",
       "clients in 10.1.0.0/16, 10.2.0.1"},
      {"--not-client 10.1.0.5", R"({"match": {"not_clients": ["10.1.0.5"]}})",
       "clients not in 10.1.0.5"},
      {"--destination db1:5432 --destination *.internal",
       R"({"match": {"destinations": ["db1:5432", "*.internal"]}})", "to db1:5432, *.internal"},
      {"--share 30%", R"({"match": {"connections": 0.3}})", "30% of the connections"},
      {"--share 0.125 --share-by client", R"({"match": {"connections": 0.125, "by": "client"}})",
       "12.5% of the clients"},
      {"--affects new", R"({"affects": "new"})", "new connections"},
      {"--on-remove reset", R"({"on_remove": "reset"})", "when removed, reset"},
      {"--shadow", R"({"shadow": true})", "a shadow, does nothing"},
      {"--max-connections 5", R"({"limits": {"max_connections": 5}})", "ends after 5 connections"},
      {"--max-share 20%", R"({"limits": {"max_share": 0.2}})",
       "ends beyond 20% of open connections"},
      {"--max-bytes-delayed 10MB", R"({"limits": {"max_bytes_delayed": 10000000}})",
       "ends after 10000000 bytes delayed"},
      {"--after-connections 4", R"({"match": {"after": 4}})", "behind the first 4 connections"},
      {"--first 10", R"({"match": {"first": 10}})", "first 10 connections"},
      {"--every 3", R"({"match": {"every": 3}})", "one connection in 3"},
      {"--pulse 2s/5s", R"({"pulse": {"on": "2s", "off": "5s"}})", "2s on, 5s off"},
      {"--pulse 2s/5s/500ms", R"({"pulse": {"on": "2s", "off": "5s", "jitter": "500ms"}})",
       "2s on, 5s off, give or take 500ms"},
      {"--poisson 200ms/20s", R"({"poisson": {"on": "200ms", "off": "20s"}})",
       "at random 200ms on, 20s off on average"},
      {"--after 10s", R"({"after": "10s"})", "after 10s"},
      {"--until 64KiB", R"({"until": "65536B"})", "until 65536B"},
      {"--ramp latency=0..200/60s",
       R"({"ramp": {"attribute": "latency", "from": 0, "to": 200, "over": "60s"}})",
       "latency from 0 to 200 over 60s"},
  };
  for (const Case& one : cases) {
    INFO(one.options);
    client.says("toxic add -t latency -n x redis " + std::string(one.options));
    const json toxic = json::parse(client.says("inspect redis -o json"))["toxics"][0];
    const json sent = json::parse(one.sent);
    for (const auto& [key, value] : sent.items()) {
      // A duration may come back in another form ("1m0s"): durations are compared in words below.
      if (key != "ramp") CHECK(toxic[key] == value);
    }
    const std::string plain = client.says("inspect redis");
    INFO(plain);
    if (sent.contains("ramp")) {
      CHECK(toxic["ramp"]["from"] == 0);
      CHECK(toxic["ramp"]["to"] == 200);
      CHECK(plain.find("\tconditions=[\tlatency from 0 to 200 over ") != std::string::npos);
    } else {
      CHECK(plain.find("\tconditions=[\t" + std::string(one.words) + "\t]\n") != std::string::npos);
      CHECK(client("inspect redis", true).out.find(one.words) != std::string::npos);
    }
    client("toxic remove -n x redis");
  }
}

TEST_CASE("several conditions go together", "[conditions]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t stall redis --first 5 --pulse 1s/2s --after 3s --until 4s");
  CHECK(client.says("inspect redis")
            .find("conditions=[\tfirst 5 connections\t1s on, 2s off\tafter 3s\tuntil 4s\t]") !=
        std::string::npos);
}

TEST_CASE("inspect names the engine where there is more than one", "[conditions]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t packet_loss -a loss=5% -a rtt=40 redis");
  CHECK(client.says("inspect redis").find("]\tengine=model\n") != std::string::npos);
  CHECK(client("inspect redis", true).out.find("  engine=model") != std::string::npos);
}

TEST_CASE("a wrong condition is refused before anything is sent, and says why", "[conditions]") {
  const std::pair<const char*, const char*> cases[] = {
      {"--pulse 2s",
       "--pulse: `2s` is not ON/OFF or ON/OFF/JITTER: 2s/5s is two seconds in force and five not"},
      {"--pulse 2s/5x", "pulse.off: `5x` is no duration: write 500ms, 5s, 2m or 1h30m"},
      {"--poisson 1s/2s/3s",
       "--poisson: `1s/2s/3s` is not ON/OFF: 2s/5s is two seconds in force and five not"},
      {"--first 0", "--first: `0` is not a whole number from 1 up"},
      {"--share 30",
       "match.connections must be from 0 to 1, not `30`: write 0.05 or \"5%\" for one in twenty"},
      {"--share-by client", "match.by says how match.connections is drawn: give that, too"},
      {"--share 30% --share-by clients",
       "match.by must be `ordinal` or `client`, not `clients`; did you mean `client`?"},
      {"--every x", "--every: `x` is not a whole number from 1 up"},
      {"--ramp latency=5",
       "--ramp: `latency=5` is not ATTRIBUTE=FROM..TO/OVER: latency=0..200/60s is a latency that "
       "grows to 200 within a minute"},
      {"--ramp latecy=0..5/1s",
       "ramp.attribute must name a number of `latency`; did you mean `latency`?"},
      {"--until 1s --after 2s", "until must be more than after: else it is never in force"},
      {"--ramp latency=x..5/1s", "ramp.from must be a whole number of ms, not `x`"},
      {"--after 10",
       "after must be a time like \"10s\" or a size like \"64KiB\", not `10`: it needs a unit"},
  };
  for (const auto& [options, expected] : cases) {
    const test::Outcome outcome =
        test::run("toxic add -t latency redis -h 127.0.0.1:1 " + std::string(options));
    CHECK(outcome.status == 2);
    CHECK(outcome.err == "faultline: " + std::string(expected) + "\n");
  }
  const test::Outcome client =
      test::run("toxic add -t latency redis -h 127.0.0.1:1 --client 10.0.0.0/99");
  CHECK(client.status == 2);
  CHECK(client.err.find("faultline: match.clients: ") == 0);
}

TEST_CASE("all toxics that a server shows can be kept as its configuration", "[conditions]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  for (const ToxicType& type : toxic_catalog()) {
    if (type.name == "link_trace") continue;  // Needs a trace.
    client.says("toxic add -n a_" + type.name + " -t " + type.name + " redis");
    client.says("toxic add -n b_" + type.name + " -t " + type.name +
                " redis --first 2 --pulse 1s/2s/100ms --after 1m --until 2h --share 12.5% "
                "--share-by client --not-client 10.0.0.1 --on-remove close --shadow "
                "--max-connections 3 --max-share 10% --max-bytes-delayed 1MB");
  }
  client.says("toxic add -t latency redis --ramp latency=0..200/90s --until 1MiB");
  json list = json::array();
  const json shown = json::parse(client.says("list -o json"));
  for (const json& proxy : shown) list.push_back(proxy);
  const test::TempDir folder;
  const auto kept = read_config_file(folder.write("kept.json", list.dump(1)));
  INFO((kept ? "" : kept.error().message));
  REQUIRE(kept);
  json again = json::array();
  for (const ToxicSpec& toxic : kept->configured.proxies.at(0).toxics) {
    again.push_back(json::parse(to_json(toxic)));
  }
  json expected = shown["redis"]["toxics"];
  for (json& toxic : expected) toxic.erase("engine");
  CHECK(again == expected);
}

TEST_CASE("inspect says how many samples there are, not which", "[conditions]") {
  const RunningServer server;
  const Client client(server);
  const test::TempDir folder;
  std::string numbers;
  for (int i = 0; i < 4096; ++i) numbers += std::to_string(i % 100) + "\n";
  const std::string file = folder.write("delays.txt", numbers);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t latency -a distribution=empirical -a samples=@" + file + " redis");
  CHECK(client.says("inspect redis").find("\tsamples=(4096 numbers)\t") != std::string::npos);
  CHECK(client("inspect redis", true).out.find("  samples=(4096 numbers)") != std::string::npos);
  CHECK(client.fails("toxic add -t latency -a samples=@/nonexistent redis") ==
        "2: faultline: samples: `/nonexistent`: cannot be read: No such file or directory\n");
}

TEST_CASE("what a server says about conditions that is not understood is left out",
          "[conditions]") {
  const auto odd = nlohmann::ordered_json::parse(
      R"({"match": [], "pulse": "x", "ramp": 3, "after": {}, "until": null})");
  CHECK(in_words(read_conditions(odd)).empty());
}

}  // namespace faultline
