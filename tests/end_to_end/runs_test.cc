// A zone loses power, fast: what its clients see, what is told, and what is left.

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/event_reader.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"
#include "tests/support/temp_dir.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

const std::string kZones =
    R"({"zones":{"a":{"cidrs":["127.1.0.0/16"]},"b":{"cidrs":["127.2.0.0/16"]}}})";

/// A proxy into zone b and one into zone a, with an echo behind each.
struct Zones {
  Zones() {
    REQUIRE(world.api.request("PUT", "/v1/zones", kZones).status == 200);
    into_b = world.add_proxy("into-b", b.address());
    into_a = world.add_proxy("into-a", a.address());
  }

  Json post(int status, const std::string& path, const std::string& body) {
    const Reply reply = world.api.post(path, body);
    INFO(path << " " << body << " -> " << reply.body);
    REQUIRE(reply.status == status);
    return Json::parse(reply.body);
  }
  Json get(const std::string& path) { return Json::parse(world.api.get(path).body); }

  /// Waits for the end of the run, which it shows.
  Json end_of(const std::string& id) {
    Json run;
    REQUIRE(eventually([&] {
      run = get("/v1/runs/" + id);
      return run["state"] != "running";
    }));
    return run;
  }
  bool becomes_clean() {
    return eventually([&] { return world.api.get("/v1/clean").status == 200; });
  }

  World world;
  Server a{echo(), "127.1.0.1:0"};
  Server b{echo(), "127.2.0.1:0"};
  std::string into_a;
  std::string into_b;
};

bool has_text(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

/// How often `text` says `words`.
std::size_t times_said(const std::string& text, const std::string& words) {
  std::size_t count = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; ++count) {
    at = text.find(words, at + 1);
  }
  return count;
}

/// "started brown-out" for run.step_started.
std::string told(const Json& event) {
  const std::string type = event["type"];
  const Json& step = event["after"].is_null() ? event["before"] : event["after"];
  const std::string suffix = type.substr(type.rfind(type.find('_') == type.npos ? '.' : '_') + 1);
  return step.contains("step") ? suffix + " " + step["step"].get<std::string>() : "run " + suffix;
}

/// Whether SIGINT waits until it looks, rather than ends it.
bool keeps_back_sigint(const Process& process) {
  constexpr std::string_view kBlocked = "SigBlk:";
  std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(kBlocked, 0) != 0) continue;
    const std::uint64_t signals = std::stoull(line.substr(kBlocked.size()), nullptr, 16);
    return (signals >> (SIGINT - 1U) & 1U) != 0;
  }
  return false;
}

}  // namespace

TEST_CASE("az-power-loss is played, holds, is told of, and leaves nothing behind", "[runs]") {
  Zones zones;
  Socket open = Socket::connect(zones.into_b);
  Socket elsewhere = Socket::connect(zones.into_a);
  CHECK(round_trip(open, "x") == "x");
  CHECK(round_trip(elsewhere, "x") == "x");
  EventReader reader(zones.world.server.address(), "?type=run.");
  const Json run = zones.post(201, "/v1/runs",
                              R"({"preset":"az-power-loss","zone":"b","speed":"600x",)"
                              R"("owner":"me","reason":"a test"})");
  const std::string id = run["id"];
  // Who is elsewhere does not notice; who is connected to it gets no answer, and a reset at last.
  REQUIRE(eventually([&] { return zones.get("/v1/runs/" + id)["under_way"] == Json{"dark"}; }));
  CHECK(round_trip(elsewhere, "y") == "y");
  open.send("lost");
  const Json done = zones.end_of(id);
  CHECK(done["state"] == "completed");
  CHECK(done["verdict"] == "pass");
  for (const Json& step : done["steps"]) {
    INFO(step.dump());
    CHECK(step["state"] == "ended");
    CHECK(step["started_at"] <= step["ended_at"]);
    const bool holds = step["name"] == "dark" || step["name"] == "hosts return";
    if (holds) CHECK(step["effect"]["crossed"] == 0);
  }
  CHECK(done["steps"][1]["effect"]["matched"] >= 1);
  CHECK(open.receive_all().bytes.find("lost") == std::string::npos);

  std::vector<std::string> events;
  while (events.empty() || events.back() != "run ended") {
    const auto event = reader.next();
    REQUIRE(event);
    const Json json = Json::parse(event->data);
    CHECK(json["run"] == id);
    CHECK(json["owner"] == "me");
    CHECK(json["reason"] == "a test");
    events.push_back(told(json));
  }
  const std::vector<std::string> expected = {
      "run started",          "started brown-out", "started dark", "ended brown-out",
      "started hosts return", "ended dark",        "started cold", "ended hosts return",
      "ended cold",           "run ended"};
  CHECK(events == expected);
  CHECK(zones.get("/v1/partitions")["partitions"].empty());
  CHECK(zones.becomes_clean());
}

TEST_CASE("a run whose server is told to clear its faults does not go on", "[runs]") {
  Zones zones;
  const Json run = zones.post(201, "/v1/runs", R"({"preset":"az-power-loss","zone":"b"})");
  zones.world.server.signal(SIGUSR1);
  const Json ended = zones.end_of(run["id"]);
  CHECK(ended["state"] == "aborted");
  CHECK(zones.becomes_clean());
}

TEST_CASE("a proxy that goes in the midst fails the run, and the rest is taken away", "[runs]") {
  Zones zones;
  const Json run = zones.post(201, "/v1/runs",
                              R"({"timeline":{"steps":[
          {"name":"cut","at":"0s","for":"1m","partition":{"shape":"isolate","zones":["b"]}},
          {"name":"late","at":"300ms","for":"1m","toxic":{"proxy":"into-a","type":"latency"}}]}})");
  REQUIRE(zones.world.api.remove("/proxies/into-a").status == 204);
  const Json ended = zones.end_of(run["id"]);
  CHECK(ended["state"] == "failed");
  CHECK(ended["why"].get<std::string>().find("there is no proxy `into-a`") != std::string::npos);
  CHECK(zones.becomes_clean());
}

TEST_CASE("a server that stops ends its runs, and begins none", "[runs]") {
  const TempDir dir;
  const std::string log = dir.file("events.jsonl");
  World world({.arguments = {"--event-log", log}});
  const Server upstream([](const Socket& client) -> Then {
    for (;;) {  // It drains for as long as there are bytes.
      client.send("x");
      pause_for(milliseconds(20));
    }
  });
  std::optional open = Socket::connect(world.add_proxy("p", upstream.address()));
  CHECK(open->receive(1) == "x");
  const std::string wait = R"({"timeline":{"steps":[{"wait":"1m"}]}})";
  REQUIRE(world.api.post("/v1/runs", wait).status == 201);
  std::size_t begun = 1;
  world.server.signal(SIGTERM);
  REQUIRE(eventually([&] {
    const int status = world.api.post("/v1/runs", wait).status;
    if (status == 201) ++begun;
    return status == 503;
  }));
  CHECK(world.api.get("/readyz").status == 503);
  open.reset();
  CHECK(world.server.wait() == 0);
  const std::string events = read_file(log);
  CHECK(times_said(events, R"("type":"run.started")") == begun);
  CHECK(times_said(events, R"("type":"run.ended")") == begun);
}

TEST_CASE("Ctrl-C ends a watched run and its command, even where the server hangs", "[runs]") {
  Zones zones;
  const auto begin = [&] {
    return std::make_unique<Process>(
        FAULTLINE_BINARY, Process::Options{.arguments = {"run", "az-isolated", "--zone", "b",
                                                         "--host", zones.world.server.address()}});
  };
  const auto first = begin();
  REQUIRE(eventually([&] { return has_text(first->standard_output(), "step 1 of 1"); }));
  zones.world.server.signal(SIGSTOP);
  pause_for(milliseconds(400));  // It waits for an answer.
  const auto asked = std::chrono::steady_clock::now();
  first->signal(SIGINT);
  CHECK(first->wait() == 130);
  CHECK(std::chrono::steady_clock::now() - asked < bound(milliseconds(3000)));
  CHECK(has_text(first->standard_error(), "may go on, it could not be aborted"));
  zones.world.server.signal(SIGCONT);  // It reads what it was asked for.
  CHECK(zones.becomes_clean());

  const auto second = begin();
  REQUIRE(eventually([&] { return has_text(second->standard_output(), "step 1 of 1"); }));
  zones.world.server.signal(SIGSTOP);
  pause_for(milliseconds(400));
  second->signal(SIGINT);
  REQUIRE(eventually([&] { return !keeps_back_sigint(*second); }));  // It asks for the abort.
  second->signal(SIGINT);
  CHECK(second->wait() == 256 + SIGINT);

  const auto third = begin();  // No answer to its very first request.
  REQUIRE(eventually([&] { return keeps_back_sigint(*third); }));
  third->signal(SIGINT);
  CHECK(third->wait() == 130);
  CHECK(has_text(third->standard_error(), "it may begin all the same"));
  zones.world.server.signal(SIGCONT);
}

TEST_CASE("kill -9 of whoever started it: it ends by itself, and traffic flows", "[runs]") {
  using Words = std::vector<std::string>;
  Zones zones;
  const auto start = [&](Words words) {
    words.insert(words.end(), {"--host", zones.world.server.address()});
    return std::make_unique<Process>(FAULTLINE_BINARY, Process::Options{.arguments = words});
  };
  struct Start {
    Words words;
    std::string cause;  ///< Of the end of what it made.
  };
  const auto holder = start({"lease", "--ttl", "1s", "--hold"});
  REQUIRE(eventually([&] { return has_text(holder->standard_output(), "\n"); }));
  const std::string line = holder->standard_output();
  const std::string lease = line.substr(0, line.find('\n'));
  REQUIRE(eventually([&] { return zones.get("/v1/leases/" + lease)["held_by"] == 1; }));
  const std::vector<Start> starts = {
      {{"zone", "cut", "b", "--ttl", "3s"}, "ttl"},
      {{"zone", "cut", "b", "--ttl", "3s", "--watch"}, "ttl"},
      {{"run", "az-isolated", "--zone", "b", "--with", "for=3s"}, "run"},
      {{"run", "az-isolated", "--zone", "b", "--lease", lease}, "lease"}};
  for (const Start& one : starts) {
    INFO(one.words.at(0) << " " << one.words.back());
    Socket open = Socket::connect(zones.into_b);
    REQUIRE(round_trip(open, "x") == "x");
    const auto starter = start(one.words);
    Json partitions;
    REQUIRE(eventually([&] {
      partitions = zones.get("/v1/partitions")["partitions"];
      return !partitions.empty();
    }));
    starter->signal(SIGKILL);
    if (one.cause == "lease") holder->signal(SIGKILL);
    REQUIRE(eventually([&] { return zones.get("/v1/partitions")["partitions"].empty(); }));
    const std::string name = partitions[0]["name"];
    const Reply events =
        zones.world.api.request("GET", "/v1/events?type=partition.ended&limit=1&partition=" + name,
                                "", {{"Accept", "application/json"}});
    CHECK(Json::parse(events.body)["events"][0]["cause"] == one.cause);
    CHECK(round_trip(open, "y") == "y");
    Socket anew = Socket::connect(zones.into_b);
    CHECK(round_trip(anew, "z") == "z");
  }
  CHECK(zones.becomes_clean());
}

}  // namespace faultline::test
