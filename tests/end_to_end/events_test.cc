// What subscribers and the event log are told of.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/crowd.h"
#include "tests/support/event_reader.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

const std::string kLag = R"({"type":"latency","name":"lag","attributes":{"latency":1}})";

Json next_of(EventReader& reader) {
  const auto event = reader.next();
  REQUIRE(event);
  Json json = Json::parse(event->data);
  CHECK(event->type == json["type"]);
  if (json.contains("seq")) CHECK(event->id == std::to_string(json["seq"].get<std::uint64_t>()));
  return json;
}

/// The lines of an event log. Fails the test if one is no JSON or has no end.
std::vector<Json> events_in(const std::string& path) {
  std::vector<Json> events;
  for (const std::string& line : lines_of(path)) events.push_back(Json::parse(line));
  return events;
}

}  // namespace

TEST_CASE("a subscriber sees each toxic start, change and end, and whom it reached", "[events]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  std::vector<Socket> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(Socket::connect(listen));
    round_trip(clients.back(), "x");
  }
  EventReader reader(world.server.address());
  for (int i = 0; i < 10; ++i) {
    const Reply added = world.api.post("/proxies/p/toxics", kLag);
    REQUIRE(added.status == 200);
    const Json start = next_of(reader);
    CHECK(start["type"] == "toxic.started");
    CHECK(start["proxy"] == "p");
    CHECK(start["toxic"] == "lag");
    CHECK(start["cause"] == "toxiproxy_api");
    CHECK(start["request_id"] == added.header("X-Toxiproxy-Request-Id"));
    CHECK(start["connections"] == 30);
    CHECK(start["applied"].is_null());
    CHECK(start["took_ms"] > 0);
    CHECK(start["before"].is_null());
    CHECK(start["after"] == Json::parse(added.body));
    world.change_toxic("p", "lag", R"({"toxicity":0.5})");
    const Json change = next_of(reader);
    CHECK(change["type"] == "toxic.changed");
    CHECK(change["before"]["toxicity"] == 1);
    CHECK(change["after"]["toxicity"] == 0.5);
    world.remove_toxic("p", "lag");
    const Json end = next_of(reader);
    CHECK(end["type"] == "toxic.ended");
    CHECK(end["fault"] == start["fault"]);
    CHECK(change["fault"] == start["fault"]);
    CHECK(end["connections"] > 0);
    CHECK(end["connections"] < 30);
    CHECK(end["seq"] == start["seq"].get<int>() + 2);
  }
  world.add_toxic("p", kLag);
  const Json start = next_of(reader);
  for (int i = 0; i < 3; ++i) round_trip(clients[static_cast<std::size_t>(i)], "y");
  REQUIRE(world.api.remove("/proxies/p").status == 204);
  const Json end = next_of(reader);
  CHECK(end["type"] == "toxic.ended");
  CHECK(end["fault"] == start["fault"]);
  CHECK(end["connections"] == 30);
  CHECK(end["applied"] == 3);
  const auto warnings = [&] {
    std::size_t count = 0;
    const std::string log = world.server.log();
    for (std::size_t at = 0; (at = log.find("never did anything", at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  };
  CHECK(eventually([&] { return warnings() >= 10; }));
  CHECK(warnings() == 10);  // Of the ten that no byte met, and not of the last.
  const Json removed = next_of(reader);
  CHECK(removed["type"] == "proxy.removed");
  CHECK(removed["connections"] == 30);
}

TEST_CASE("a subscriber that comes back goes on where it was", "[events]") {
  World world;
  world.add_proxy("p", "127.0.0.1:9");
  std::string last;
  {
    EventReader reader(world.server.address(), "?since=0");
    CHECK(next_of(reader)["type"] == "server.started");
    const auto created = reader.next();
    REQUIRE(created);
    CHECK(created->type == "proxy.created");
    last = created->id;
  }
  world.add_toxic("p", kLag);
  world.remove_toxic("p", "lag");
  EventReader reader(world.server.address(), "?type=toxic.&since=0", {{"Last-Event-ID", last}});
  const Json start = next_of(reader);
  CHECK(start["type"] == "toxic.started");
  CHECK(start["seq"] == std::stoi(last) + 1);
  CHECK(next_of(reader)["type"] == "toxic.ended");
  world.add_toxic("p", kLag);
  CHECK(next_of(reader)["type"] == "toxic.started");

  const Reply list = world.api.request("GET", "/v1/events?since=" + last + "&limit=2", "",
                                       {{"Accept", "application/json"}});
  CHECK(list.status == 200);
  CHECK(Json::parse(list.body)["events"].size() == 2);
  CHECK(Json::parse(list.body)["next"] == std::stoi(last) + 2);
  CHECK(world.api.request("HEAD", "/v1/events", "").status == 200);
  CHECK(world.api.get("/v1/events?sinc=1").status == 400);
}

TEST_CASE("a stop is told to the end, and no subscriber holds it up", "[events]") {
  World world;
  world.add_proxy("p", "127.0.0.1:9", kLag);
  EventReader reader(world.server.address());
  const EventReader silent(world.server.address());
  world.server.signal(SIGTERM);
  const Json ended = next_of(reader);
  CHECK(ended["type"] == "toxic.ended");
  CHECK(ended["cause"] == "signal");
  CHECK(next_of(reader)["type"] == "server.stopped");
  CHECK_FALSE(reader.next());
  CHECK(reader.ending() == Ending::kFinish);
  CHECK(world.server.wait(bound(milliseconds(3000))) == 0);
}

TEST_CASE("subscribers who do not read are dropped, and neither the API nor others wait",
          "[events][threads]") {
  allow_many_files();
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const Crowd crowd(world.add_proxy("p", upstream.address()), scaled_down(4'000), 0);
  const std::size_t half = scaled_down(100);
  std::vector<EventReader> good;
  std::vector<EventReader> stalled;
  for (std::size_t i = 0; i < half; ++i) {
    good.emplace_back(world.server.address());
    stalled.emplace_back(world.server.address());
    stalled.back().socket().set_receive_buffer(4096);
  }
  // Each reads to the end that the last event marks, and checks that none is missing.
  std::vector<std::atomic<std::size_t>> dropped(half);
  std::vector<std::string> faults(half);
  std::atomic<bool> is_over = false;
  const auto read_some = [&](std::size_t i, std::uint64_t& last) {
    while (const auto event = good[i].next(milliseconds(0))) {
      const std::uint64_t seq = std::stoull(event->id);
      if (last != 0 && seq != last + 1) faults[i] = "gap before " + event->id;
      last = seq;
      if (event->type == "subscriber.dropped") ++dropped[i];
    }
  };
  std::thread reader([&] {
    std::vector<std::uint64_t> last(half);
    while (!is_over) {
      for (std::size_t i = 0; i < half; ++i) read_some(i, last[i]);
      pause_for(milliseconds(1));
    }
  });
  // Large events fill what the kernel holds for those who do not read.
  const std::string name(20'000, 'n');
  const std::string toxic = R"({"type":"latency","name":")" + name + R"("})";
  std::vector<milliseconds> times;
  const auto until = Clock::now() + 60 * bound(milliseconds(1000));
  while (Clock::now() < until && dropped[0] < half) {
    times.push_back(time_of([&] { world.add_toxic("p", toxic); }));
    times.push_back(time_of([&] { world.remove_toxic("p", name); }));
    pause_for(milliseconds(20));
  }
  const std::size_t resident = world.server.resident_bytes();
  pause_for(milliseconds(300));
  is_over = true;
  reader.join();
  for (std::size_t i = 0; i < half; ++i) {
    INFO(i << ": " << faults[i]);
    CHECK(dropped[i] == half);
    CHECK(faults[i].empty());
    CHECK(good[i].ending() == Ending::kOpen);
  }
  std::sort(times.begin(), times.end());
  const milliseconds p99 = times[times.size() * 99 / 100];
  INFO("p99 of " << times.size() << " calls: " << p99.count() << " ms; " << resident << " bytes");
  CHECK(p99 < bound(milliseconds(250)));
  if (is_fast_build()) CHECK(resident < 400UL << 20);
}

TEST_CASE("an event log has no torn line and no number twice, however the server ends",
          "[events]") {
  const TempDir dir;
  const std::string path = dir.file("events.log");
  for (int run = 0; run < 4; ++run) {
    World world({.arguments = {"--event-log", path, "--event-log-size", "300KB"}});
    world.add_proxy("p", "127.0.0.1:9");
    std::atomic<bool> is_over = false;
    std::thread churn([&] {
      Api api(world.server.address());
      try {
        while (!is_over) {
          api.post("/proxies/p/toxics", kLag);
          api.remove("/proxies/p/toxics/lag");
        }
      } catch (const std::runtime_error&) {  // The server is gone.
      }
    });
    pause_for(milliseconds(100 + 70 * run));
    if (run < 3) {
      world.server.kill();
    } else {
      is_over = true;
    }
    churn.join();
  }
  std::uint64_t last = 0;
  int starts = 0;
  std::vector<Json> lines;
  for (const std::string name : {".5", ".4", ".3", ".2", ".1", ""}) {
    for (Json& line : events_in(path + name)) lines.push_back(std::move(line));
  }
  for (const Json& line : lines) {
    const std::uint64_t seq = line["seq"];
    REQUIRE(seq > last);
    const bool begins = line["type"] == "server.started";
    if (begins) ++starts;
    if (last != 0 && !begins) CHECK(seq == last + 1);
    last = seq;
  }
  CHECK(starts >= 1);
  CHECK(lines.back()["type"] == "server.stopped");
  INFO(lines.size() << " lines");
  CHECK(lines.size() > 20);
}

TEST_CASE("the log says why things change: file, reload, signal", "[events]") {
  const TempDir dir;
  const std::string path = dir.file("events.log");
  const std::string config =
      "version: 1\ncontrol: {event_log: " + path +
      "}\nproxies:\n- {name: p, listen: 127.0.0.1:0, upstream: 127.0.0.1:9, toxics: [";
  const std::string file = dir.write("config.yaml", config + "{type: latency}]}\n");
  {
    const ServerProcess server({.arguments = {"--config", file}});
    dir.write("config.yaml", config + "{type: timeout}]}\n");
    server.signal(SIGHUP);
    REQUIRE(eventually([&] { return events_in(path).size() >= 5; }));
    server.signal(SIGUSR1);
    REQUIRE(eventually([&] { return events_in(path).size() >= 6; }));
  }
  std::vector<std::string> told;
  for (const Json& line : events_in(path)) {
    told.push_back(line["type"].get<std::string>() + " " + line["cause"].get<std::string>());
  }
  CHECK(told == std::vector<std::string>{"server.started server", "proxy.created config",
                                         "toxic.started config", "toxic.ended reload",
                                         "toxic.started reload", "toxic.ended signal",
                                         "server.stopped server"});
}

}  // namespace faultline::test
