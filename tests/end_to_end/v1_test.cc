// /v1 over real sockets: what ends by itself ends in time, whatever becomes of its owner and of
// the server.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/event_reader.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"
#include "tests/support/temp_dir.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

Json made(Api& api, const std::string& path, const Json& body, int status = 201) {
  const Reply reply = api.post(path, body.dump());
  INFO(path << " " << body.dump() << " -> " << reply.body);
  REQUIRE(reply.status == status);
  return Json::parse(reply.body);
}

/// Milliseconds since 1970 of "2026-11-28T09:30:00.125Z".
std::int64_t milliseconds_of(const std::string& time) {
  std::tm utc{};
  const char* rest = strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  REQUIRE(rest != nullptr);
  REQUIRE(std::string(rest).size() == 5);  // ".125Z"
  return static_cast<std::int64_t>(timegm(&utc)) * 1000 + std::atoi(rest + 1);
}

std::size_t toxics_of(Api& api, const std::string& proxy) {
  return Json::parse(api.get("/v1/proxies/" + proxy).body)["toxics"].size();
}

/// Runs a line in a shell and a process group of its own; both end with SIGKILL.
class Shell {
 public:
  explicit Shell(const std::string& line) {
    posix_spawnattr_t attributes;
    REQUIRE(posix_spawnattr_init(&attributes) == 0);
    REQUIRE(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) == 0);
    std::string text = line;
    char shell[] = "sh";
    char flag[] = "-c";
    char* const arguments[] = {shell, flag, text.data(), nullptr};
    REQUIRE(posix_spawnp(&pid_, "sh", nullptr, &attributes, arguments, environ) == 0);
    posix_spawnattr_destroy(&attributes);
  }
  ~Shell() { kill(); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("300 toxics with ttls and leases each end in time, under 5,000 connections",
          "[v1][v1_ends]") {
  allow_many_files();
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const std::size_t proxies = scaled_down(100);
  const std::size_t each = 50;
  std::vector<Socket> clients;
  for (std::size_t i = 0; i < proxies; ++i) {
    const std::string listen = world.add_proxy("p" + std::to_string(i), upstream.address());
    for (std::size_t k = 0; k < each; ++k) clients.push_back(Socket::connect(listen));
  }
  EventReader reader(world.server.address(), "?type=toxic.ended");
  const Json lease = made(world.api, "/v1/leases", {{"ttl", "6s"}, {"owner", "a test"}});
  std::map<std::string, std::int64_t> ends;  // By proxy and toxic, in milliseconds.
  for (std::size_t i = 0; i < proxies; ++i) {
    const std::string path = "/v1/proxies/p" + std::to_string(i) + "/toxics";
    for (const std::string name : {"a", "b"}) {
      const std::string ttl = std::to_string(4000 + 20 * i + (name == "a" ? 0 : 500)) + "ms";
      const Json toxic = made(world.api, path,
                              {{"name", name},
                               {"type", "latency"},
                               {"attributes", {{"latency", "1ms"}}},
                               {"ttl", ttl}});
      ends["p" + std::to_string(i) + name] = milliseconds_of(toxic["ends_at"]);
    }
    made(world.api, path, {{"name", "c"}, {"type", "noop"}, {"lease", lease["id"]}});
    ends["p" + std::to_string(i) + "c"] = milliseconds_of(lease["ends_at"]);
  }
  std::int64_t latest = 0;
  for (std::size_t i = 0; i < 3 * proxies; ++i) {
    const auto event = reader.next();
    REQUIRE(event);
    const Json ended = Json::parse(event->data);
    const std::string key = ended["proxy"].get<std::string>() + ended["toxic"].get<std::string>();
    REQUIRE(ends.count(key) == 1);
    CHECK(ended["cause"] == (ended["toxic"] == "c" ? "lease" : "ttl"));
    const std::int64_t late = milliseconds_of(ended["time"]) - ends[key];
    CHECK(late >= -1);  // Both are cut to the millisecond.
    latest = std::max(latest, late);
    ends.erase(key);
  }
  CHECK(ends.empty());
  CAPTURE(latest);
  CHECK(latest <= bound(milliseconds(100)).count());
  for (std::size_t i = 0; i < proxies; ++i) {
    REQUIRE(toxics_of(world.api, "p" + std::to_string(i)) == 0);
  }
}

TEST_CASE("a lease whose owner is killed ends, and its toxics with it", "[v1][v1_ends]") {
  World world;
  const Server upstream(echo());
  world.add_proxy("p", upstream.address());
  const Json lease = made(world.api, "/v1/leases", {{"ttl", "2s"}});
  const std::string id = lease["id"];
  made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"lease", id}});
  Shell owner(std::string("while :; do " FAULTLINE_BINARY " lease --host ") +
              world.server.address() + " --renew " + id + " >/dev/null; sleep 0.2; done");
  std::this_thread::sleep_for(milliseconds(3000));
  REQUIRE(toxics_of(world.api, "p") == 1);  // It was renewed.
  owner.kill();
  const std::int64_t end =
      milliseconds_of(Json::parse(world.api.get("/v1/leases/" + id).body)["ends_at"]);
  EventReader reader(world.server.address(), "?type=toxic.ended");
  const auto event = reader.next();
  REQUIRE(event);
  const Json ended = Json::parse(event->data);
  CHECK(ended["cause"] == "lease");
  CHECK(milliseconds_of(ended["time"]) - end <= bound(milliseconds(100)).count());
  CHECK(toxics_of(world.api, "p") == 0);
}

TEST_CASE("a lease is held by a stream, and ends its ttl after the stream", "[v1][v1_ends]") {
  World world;
  const Server upstream(echo());
  world.add_proxy("p", upstream.address());
  const milliseconds time = bound(milliseconds(300));  // It may be another each time it is asked.
  const std::string ttl = std::to_string(time.count()) + "ms";
  const std::string id = made(world.api, "/v1/leases", {{"ttl", ttl}})["id"];
  EventReader others(world.server.address(), "?type=toxic.ended");
  std::optional<EventReader> owner(std::in_place, world.server.address(), "?lease=" + id);
  made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"lease", id}});
  CHECK_FALSE(others.next(3 * time));
  REQUIRE(toxics_of(world.api, "p") == 1);
  const Json held = Json::parse(world.api.get("/v1/leases/" + id).body);
  CHECK(held["held_by"] == 1);
  CHECK(held["ends_at"].is_null());
  const auto gone = Clock::now();
  owner.reset();
  const auto event = others.next();
  const auto lasted = std::chrono::duration_cast<milliseconds>(Clock::now() - gone);
  REQUIRE(event);
  const Json ended = Json::parse(event->data);
  CHECK(ended["cause"] == "lease");
  CHECK(lasted >= time - milliseconds(1));
  CHECK(lasted <= time + bound(milliseconds(100)));
  CHECK(toxics_of(world.api, "p") == 0);
  CHECK(world.api.get("/v1/events?lease=" + id).status == 404);
  CHECK(world.api.get("/v1/events?lease=").status == 400);
  const std::string json = "application/json";
  CHECK(world.api.request("GET", "/v1/events?lease=" + id, "", {{"Accept", json}}).status == 400);
}

TEST_CASE("a server ends in time, and well, while leases are held", "[v1][v1_ends]") {
  World world;
  const std::string id = made(world.api, "/v1/leases", {{"ttl", "1m"}})["id"];
  EventReader owner(world.server.address(), "?lease=" + id);
  EventReader other(world.server.address(), "?lease=" + id);
  CHECK(world.api.request("HEAD", "/v1/events?lease=" + id, "").status == 200);
  CHECK(Json::parse(world.api.get("/v1/leases/" + id).body)["held_by"] == 2);
  CHECK(world.api.remove("/v1/leases/" + id).status == 204);
  world.server.signal(SIGTERM);
  CHECK(world.server.wait() == 0);
}

TEST_CASE("a lease that the command line holds ends with the command", "[v1][v1_ends]") {
  World world;
  const TempDir dir;
  const Server upstream(echo());
  world.add_proxy("p", upstream.address());
  EventReader reader(world.server.address(), "?type=toxic.ended");
  Shell owner("exec " FAULTLINE_BINARY " lease --host " + world.server.address() + " --ttl " +
              std::to_string(bound(milliseconds(300)).count()) + "ms --hold > " + dir.file("id"));
  std::string id;
  for (int look = 0; look < 1000 && !id.ends_with('\n'); ++look) {
    pause_for(milliseconds(10));
    id = read_file(dir.file("id"));
  }
  REQUIRE(id.ends_with('\n'));
  id.pop_back();
  const auto is_held = [&] {
    return Json::parse(world.api.get("/v1/leases/" + id).body).value("held_by", 0) == 1;
  };
  for (int look = 0; look < 1000 && !is_held(); ++look) pause_for(milliseconds(1));
  REQUIRE(is_held());
  made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"lease", id}});
  CHECK_FALSE(reader.next(2 * bound(milliseconds(300))));
  owner.kill();
  const auto event = reader.next();
  REQUIRE(event);
  CHECK(Json::parse(event->data)["cause"] == "lease");
}

TEST_CASE("a halt and its refusals outlive a server that is killed", "[v1][v1_ends]") {
  const TempDir dir;
  const Server upstream(echo());
  const std::string config = dir.write(
      "config.yaml", "version: 1\nproxies:\n  - name: p\n    listen: 127.0.0.1:0\n    upstream: " +
                         upstream.address() + "\n    toxics: [{type: noop}]\n");
  const Process::Options options = {
      .arguments = {"--config", config, "--state-dir", dir.file("state")}};
  {
    World world(options);
    REQUIRE(toxics_of(world.api, "p") == 1);
    made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"name", "mine"}});
    const Json halt = made(world.api, "/v1/halt", {{"reason", "a drill"}}, 200);
    CHECK(halt["removed"] == 2);
    CHECK(halt["survives_restart"] == true);
    world.server.kill();
  }
  {
    World world(options);
    CHECK(Json::parse(world.api.get("/v1/halt").body)["reason"] == "a drill");
    CHECK(toxics_of(world.api, "p") == 0);
    CHECK(world.api.post("/v1/proxies/p/toxics", R"({"type":"noop"})").status == 423);
    CHECK(world.api.post("/proxies/p/toxics", R"({"type":"noop"})").status == 409);
    CHECK(world.api.remove("/v1/halt").status == 204);
    CHECK(toxics_of(world.api, "p") == 0);
    made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"name", "mine"}});
    world.server.kill();
  }
  World world(options);
  CHECK(Json::parse(world.api.get("/v1/halt").body)["halted"] == false);
  CHECK(toxics_of(world.api, "p") == 1);  // The configuration's; nobody asked for the other.
}

TEST_CASE("what a server had comes back when it is asked for, as it would be by then",
          "[v1][v1_ends]") {
  const TempDir dir;
  const Server upstream(echo());
  const std::string config = dir.write(
      "config.yaml", "version: 1\nproxies:\n  - name: p\n    listen: 127.0.0.1:0\n    upstream: " +
                         upstream.address() + "\n    toxics: [{type: noop, name: own}]\n");
  const std::vector<std::string> usual = {"--config", config, "--state-dir", dir.file("state")};
  std::vector<std::string> restoring = usual;
  restoring.emplace_back("--restore");
  const Json latency = {{"latency", "1ms"}};
  Json mine;
  std::string listen;
  {
    World world({.arguments = restoring});  // With nothing to restore yet.
    const Json lease = made(world.api, "/v1/leases", {{"ttl", "1m"}});
    const std::string toxics = "/v1/proxies/p/toxics";
    mine = made(world.api, toxics,
                {{"type", "latency"}, {"name", "mine"}, {"attributes", latency}, {"ttl", "1m"}});
    made(world.api, toxics, {{"type", "noop"}, {"name", "short"}, {"ttl", "1500ms"}});
    made(world.api, toxics, {{"type", "noop"}, {"name", "leased"}, {"lease", lease["id"]}});
    listen = made(
        world.api, "/v1/proxies",
        {{"name", "q"}, {"listen", "127.0.8.47:0"}, {"upstream", upstream.address()}})["listen"];
    world.add_toxic("q", R"({"type":"noop","name":"for good"})");
    made(world.api, "/v1/proxies",
         {{"name", "off"}, {"upstream", upstream.address()}, {"enabled", false}});
    const auto is_kept = [&] {
      return read_file(dir.file("state/state.json")).find(R"("name":"off")") != std::string::npos;
    };
    for (int look = 0; look < 1000 && !is_kept(); ++look) pause_for(milliseconds(10));
    REQUIRE(is_kept());
    world.server.kill();
  }
  pause_for(milliseconds(1500));
  {
    World world({.arguments = restoring});
    const Json p = Json::parse(world.api.get("/v1/proxies/p").body);
    REQUIRE(p["toxics"].size() == 2);
    CHECK(p["toxics"][0]["name"] == "own");
    CHECK(p["toxics"][1]["name"] == "mine");
    CHECK(p["toxics"][1]["attributes"] == mine["attributes"]);
    const std::int64_t moved =
        milliseconds_of(p["toxics"][1]["ends_at"]) - milliseconds_of(mine["ends_at"]);
    CHECK(std::abs(moved) <= bound(milliseconds(500)).count());
    const Json q = Json::parse(world.api.get("/v1/proxies/q").body);
    CHECK(q["listen"] == listen);
    CHECK(q["toxics"].size() == 1);
    CHECK(Json::parse(world.api.get("/v1/proxies/off").body)["enabled"] == false);
    const Json events = Json::parse(world.api
                                        .request("GET", "/v1/events?type=toxic.&toxic=mine", "",
                                                 {{"Accept", "application/json"}})
                                        .body)["events"];
    REQUIRE(events.size() == 1);
    CHECK(events[0]["cause"] == "restore");
    world.server.signal(SIGTERM);
    CHECK(world.server.wait() == 0);
  }
  {
    World world({.arguments = restoring});
    CHECK(toxics_of(world.api, "p") == 2);
    world.server.kill();
  }
  World world({.arguments = usual});
  CHECK(toxics_of(world.api, "p") == 1);  // The configuration's.
  CHECK(world.api.get("/v1/proxies/q").status == 404);
}

TEST_CASE("toxics of Toxiproxy's API stay, unless the server says how long", "[v1][v1_ends]") {
  World world({.arguments = {"--toxiproxy-ttl", "300ms"}});
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  EventReader reader(world.server.address(), "?type=toxic.ended");
  world.add_toxic("p", R"({"type":"noop","name":"a"})");
  const std::string proxies = R"([{"name":"q","listen":"127.0.0.1:0","upstream":")" +
                              upstream.address() + R"(","toxics":[{"type":"noop","name":"b"}]}])";
  REQUIRE(world.api.post("/populate", proxies).status == 201);
  for (const char* name : {"a", "b"}) {
    const auto event = reader.next();
    REQUIRE(event);
    const Json ended = Json::parse(event->data);
    CHECK(ended["toxic"] == name);
    CHECK(ended["cause"] == "ttl");
  }
  made(world.api, "/v1/proxies/p/toxics", {{"type", "noop"}, {"name", "c"}});
  CHECK_FALSE(reader.next(milliseconds(600)));
  CHECK(toxics_of(world.api, "p") == 1);
}

TEST_CASE("PUT of what is so already leaves open connections alone", "[v1]") {
  World world;
  const Server upstream(echo());
  const Json proxy = {{"upstream", upstream.address()}};
  const Json first = Json::parse(world.api.request("PUT", "/v1/proxies/p", proxy.dump()).body);
  const Socket client = Socket::connect(first["listen"]);
  round_trip(client, "one");
  Json toxics = proxy;
  toxics["toxics"] = {{{"type", "latency"}, {"attributes", {{"latency", "1ms"}}}}};
  for (const Json& body : {proxy, first, toxics, proxy}) {
    CHECK(world.api.request("PUT", "/v1/proxies/p", body.dump()).status == 200);
    round_trip(client, "more");
  }
  const Json list = Json::parse(world.api.get("/v1/connections?proxy=p").body);
  REQUIRE(list["connections"].size() == 1);
  const std::string id = list["connections"][0]["id"];
  CHECK(world.api.remove("/v1/connections/" + id + "?with=rst").status == 200);
  CHECK(client.receive_all().ending == Ending::kReset);
  CHECK(world.api.get("/v1/connections/" + id).status == 404);
}

}  // namespace faultline::test
