// Profiles: what they are made of, and their commands against a server in this process.

#include "cli/profiles.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "control-api/json_reader.h"
#include "proxy/spec_decoder.h"
#include "tests/cli/client.h"
#include "tests/cli/running_server.h"

namespace faultline {
using nlohmann::json;
using test::Client;
using test::RunningServer;

namespace {

/// The names of a proxy's toxics.
std::set<std::string> toxics_of(const Client& client, const std::string& proxy) {
  std::set<std::string> names;
  const json described = json::parse(client.says("inspect " + proxy + " -o json"));
  for (const json& toxic : described["toxics"]) names.insert(toxic["name"].get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("the profiles are those that were promised, each with a source", "[profiles]") {
  CHECK(profile_names() == std::vector<std::string>{"3g", "edge", "lte", "dsl", "wifi", "satellite",
                                                    "dialup", "very-bad", "same-zone", "cross-zone",
                                                    "cross-region", "congested-tor", "gc-pause",
                                                    "failing-nic"});
  for (const Profile& profile : profiles()) {
    INFO(profile.name);
    CHECK(profile.summary.ends_with('.'));
    CHECK(profile.source.size() > 40);
    CHECK_FALSE(profile.toxics.empty());
  }
}

TEST_CASE("the strict dialect takes every toxic of every profile", "[profiles]") {
  for (const Profile& profile : profiles()) {
    for (std::size_t i = 0; i < profile.toxics.size(); ++i) {
      const std::string body = to_json(profile.toxics[i]).dump();
      INFO(body);
      const auto document = parse_json(body);
      REQUIRE(document);
      const auto spec = decode_toxic(*document, Dialect::kStrict);
      INFO((spec ? "" : spec.error().message));
      REQUIRE(spec);
      CHECK(spec->name == profile.name + "_" + std::to_string(i + 1));
      CHECK((spec->attributes != spec->type->default_attributes() || spec->timing.poisson));
    }
  }
}

TEST_CASE("each profile can be applied to a running server and removed", "[profiles]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t noop -n mine redis");
  for (const Profile& profile : profiles()) {
    INFO(profile.name);
    std::string names;
    std::set<std::string> expected = {"mine"};
    for (const NewToxic& toxic : profile.toxics) {
      names += (names.empty() ? "" : ", ") + toxic.name;
      expected.insert(toxic.name);
    }
    CHECK(client.says("profile apply redis " + profile.name) ==
          "Applied profile " + profile.name + " to proxy 'redis': " + names +
              "\n`faultline profile "
              "remove redis " +
              profile.name + "` takes it away\n");
    CHECK(toxics_of(client, "redis") == expected);
    CHECK(client.says("profile remove redis " + profile.name) ==
          "Removed profile " + profile.name + " from proxy 'redis': " + names + "\n");
    CHECK(toxics_of(client, "redis") == std::set<std::string>{"mine"});
  }
}

TEST_CASE("what a server has is what the profile says", "[profiles]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  const json added = json::parse(client.says("profile apply redis lte -o json"));
  REQUIRE(added.size() == 3);
  CHECK(added[0]["attributes"]["rtt"] == 115);
  CHECK(added[0]["attributes"]["loss"] == 0.001);
  CHECK(added[1]["stream"] == "downstream");
  CHECK(added[1]["attributes"]["rate"] == 6250);
  CHECK(added[2]["stream"] == "upstream");
  client.says("profile apply redis gc-pause");
  CHECK(client.says("inspect redis")
            .find("gc-pause_1\ttype=stall\tstream=downstream\ttoxicity=1.00\tattributes=[\t]\t"
                  "engine=user-space\t"
                  "conditions=[\tat random 200ms on, 20s off on average\t]\n") !=
        std::string::npos);
}

TEST_CASE("a profile that cannot be applied whole leaves nothing behind", "[profiles]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t noop -n lte_3 redis");
  CHECK(client.fails("profile apply redis lte") ==
        "1: Failed to apply profile lte: HTTP 409: toxic already exists: `lte_3`; `faultline "
        "profile remove redis lte` takes it away\n");
  CHECK(toxics_of(client, "redis") == std::set<std::string>{"lte_3"});
}

TEST_CASE("profile commands say what is wrong, and what is meant", "[profiles]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  CHECK(client.fails("profile apply redis satelite") ==
        "2: faultline: no profile `satelite`; did you mean `satellite`?\n");
  CHECK(client.fails("profile show xyzzy")
            .find("no profile `xyzzy`; there are 3g, edge, lte, dsl, wifi,") != std::string::npos);
  CHECK(client.fails("profile apply rediss 3g") ==
        "1: Failed to apply profile 3g: HTTP 404: proxy not found; did you mean `redis`?\n");
  CHECK(client.fails("profile remove rediss 3g") ==
        "1: Failed to remove profile 3g: HTTP 404: proxy not found; did you mean `redis`?\n");
  CHECK(client.fails("profile remove redis 3g") ==
        "1: Failed to remove profile 3g: it is not applied to proxy 'redis'\n");
  client.says("profile apply redis dsl");
  CHECK(client.fails("profile remove redis 3g") ==
        "1: Failed to remove profile 3g: it is not applied to proxy 'redis'; what is: dsl\n");
  CHECK(test::run("profile lst").err ==
        "faultline profile: unknown command `lst`; did you mean `list`?\n");
}

TEST_CASE("profiles are listed and shown without a server", "[profiles]") {
  const test::Outcome list = test::run("profile list");
  CHECK(list.status == 0);
  CHECK(list.out.find("3g             A phone on 3G: slow") == 0);
  CHECK(json::parse(test::run("profile list -o json").out).size() == profiles().size());

  const std::string shown = test::run("profile show 3g").out;
  CHECK(shown.find("  3g_1  type=path\n") != std::string::npos);
  CHECK(shown.find("\n      loss=1.5%: of packets") != std::string::npos);
  CHECK(shown.find("\n      rtt=250 ms: round trip") != std::string::npos);
  CHECK(shown.find("\nSource: Latency, rate and loss of the table") != std::string::npos);
  CHECK(test::run("profile show gc-pause").out.find("at random 200ms on") != std::string::npos);

  const json toxics = json::parse(test::run("profile show 3g -o json").out);
  CHECK(toxics == json::parse(R"([{"type": "path", "name": "3g_1",
                                   "attributes": {"loss": "1.5%", "rate": 94, "rtt": 250.0}}])"));
}

}  // namespace faultline
