// Runs of timelines, played with made-up times.

#include <algorithm>

#include "control-api/event_log.h"
#include "proxy/alarm_clock.h"
#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using nlohmann::json;

/// The proxies `redis`, `cache-1` and `cache-2`, the zones a and b, and a log of events.
struct RunWorld {
  RunWorld() {
    options.events = &events;
    api = std::make_unique<test::ApiFixture>(options);
    api->registry.observe(&events);
    for (const std::string name : {"redis", "cache-1", "cache-2"}) {
      call(201, "POST", "/v1/proxies",
           R"({"name":")" + name +
               R"(","listen":"127.0.0.1:1","upstream":"127.2.0.9:9","enabled":false})");
    }
    call(200, "PUT", "/v1/zones",
         R"({"zones":{"a":{"cidrs":["127.1.0.0/16"]},"b":{"cidrs":["127.2.0.0/16"]}}})");
  }
  ~RunWorld() { api->registry.observe(nullptr); }
  RunWorld(const RunWorld&) = delete;
  RunWorld& operator=(const RunWorld&) = delete;

  json call(int status, const std::string& method, const std::string& target,
            const std::string& body = "") {
    const HttpResponse response = api->call(method, target, body);
    INFO(method << " " << target << " " << body << " -> " << response.body);
    REQUIRE(response.status == status);
    return response.body.empty() ? json() : json::parse(response.body);
  }

  json run(const std::string& body) { return call(201, "POST", "/v1/runs", body); }
  json show(const json& run) {
    return call(200, "GET", "/v1/runs/" + run["id"].get<std::string>());
  }
  void pass(Duration time) { api->api.end_due(begun + time); }
  std::size_t partitions() { return call(200, "GET", "/v1/partitions")["partitions"].size(); }
  std::size_t toxics(const std::string& proxy) {
    return call(200, "GET", "/v1/proxies/" + proxy + "/toxics")["toxics"].size();
  }
  bool is_clean() { return partitions() + toxics("redis") + toxics("cache-1") == 0; }

  /// The types of the run's events, without those of its faults.
  std::vector<std::string> told(const json& run, const std::string& type = "run.") {
    std::vector<std::string> types;
    EventCursor cursor(events, 0, {.types = {type}, .run = run["id"].get<std::string>()});
    while (const auto event = cursor.next()) types.push_back(event->type());
    return types;
  }

  EventLog events;
  ControlApi::Options options;
  std::unique_ptr<test::ApiFixture> api;
  TimePoint begun = clock_now();  // Before any run: what is due then is due.
};

const std::string kTwoSteps =
    R"({"timeline":{"name":"t","steps":[
        {"name":"cut","for":"1m","partition":{"shape":"isolate","zones":["b"]}},
        {"name":"cold","for":"1m","toxic":{"proxy":"cache-*","type":"latency"}}]},
        "owner":"o","reason":"r"})";

}  // namespace

TEST_CASE("a run begins and ends its steps' faults, and tells of each", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  const std::string id = run["id"];
  CHECK(run["state"] == "running");
  CHECK(run["under_way"] == json{"cut"});
  const json cut = world.call(200, "GET", "/v1/partitions/" + id + "-cut");
  CHECK(cut["owner"] == "o");
  CHECK(cut["reason"] == "r");
  CHECK(cut["ttl"] == "1m5s");
  CHECK(world.api->api.next_end() <= clock_now() + 60s);

  world.pass(61s);
  CHECK(world.partitions() == 0);
  CHECK(world.toxics("cache-1") == 1);
  CHECK(world.toxics("cache-2") == 1);
  CHECK(world.toxics("redis") == 0);
  const json half = world.show(run);
  CHECK(half["steps"][0]["state"] == "ended");
  CHECK(half["steps"][0]["effect"]["crossed"] == 0);
  CHECK(half["steps"][1]["effect"]["proxies"] == json{"cache-1", "cache-2"});

  world.pass(121s);
  CHECK(world.is_clean());
  const json done = world.show(run);
  CHECK(done["state"] == "completed");
  CHECK(done["verdict"] == "inconclusive");  // There was nobody.
  CHECK(done["time_left"] == "0");
  CHECK(done["ended_at"].is_string());
  using Types = std::vector<std::string>;
  CHECK(world.told(run) == Types{"run.started", "run.step_started", "run.step_started",
                                 "run.step_ended", "run.step_ended", "run.ended"});
  CHECK(world.told(run, "partition.") ==
        Types{"partition.started", "partition.ended", "partition.recovery"});
  CHECK(world.told(run, "toxic.").size() == 4);
  CHECK(world.call(200, "GET", "/v1/runs")["runs"].size() == 1);
}

TEST_CASE("the events of a run and of its faults say whose they are", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  EventCursor cursor(world.events, 0, {.run = run["id"].get<std::string>()});
  const json started = json::parse(cursor.next()->json());
  CHECK(started["type"] == "run.started");
  CHECK(started["cause"] == "v1");
  CHECK(started["owner"] == "o");
  const json cut = json::parse(cursor.next()->json());
  CHECK(cut["type"] == "partition.started");
  CHECK(cut["cause"] == "run");
  CHECK(cut["owner"] == "o");
  CHECK(cut["run"] == run["id"]);
}

TEST_CASE("all of a timeline is checked before its first step", "[v1_runs]") {
  RunWorld world;
  const auto refused = [&](const std::string& steps, const std::string& pointer,
                           const std::string& detail) {
    const json problem = world.call(422, "POST", "/v1/runs",
                                    R"({"timeline":{"steps":[{"wait":"1s"},)" + steps + "]}}");
    INFO(problem.dump());
    CHECK(problem["pointer"] == pointer);
    CHECK(problem["detail"].get<std::string>().find(detail) != std::string::npos);
  };
  refused(R"({"name":"x","for":"1m","partition":{"shape":"isolate","zones":["c"]}})",
          "/timeline/steps/1/partition", "step `x`: there is no zone `c`");
  refused(R"({"name":"x","for":"1m","toxic":{"proxy":"nobody","type":"noop"}})",
          "/timeline/steps/1/toxic", "step `x`: there is no proxy `nobody`");
  refused(R"({"parallel":[{"for":"3h","toxic":{"proxy":"redis","type":"noop"}}]})",
          "/timeline/steps/1/parallel/0/for", "at most 2h");
  refused(R"({"for":"1m","partition":{"shape":"isolate","zones":["b"],"mode":"blakhole"}})",
          "/timeline/steps/1/partition/mode", "did you mean `blackhole`?");
  const auto wrong = [&](const std::string& body, const std::string& pointer) {
    const json problem = world.call(422, "POST", "/v1/runs", body);
    INFO(problem.dump());
    CHECK(problem.value("pointer", "") == pointer);
  };
  wrong("{}", "");
  wrong(R"({"preset":"az-los"})", "/preset");
  wrong(R"({"preset":"az-slow","timeline":{}})", "/timeline");
  wrong(R"({"preset":"az-slow","zone":"b","speed":"fast"})", "/speed");
  wrong(R"({"preset":"az-slow","zone":"b","with":{"zone":"b"}})", "/zone");
  wrong(R"({"preset":"az-slow","zone":"b","with":{"for":5}})", "/with/for");
  wrong(R"({"preset":"az-slow","zone":"b","lease":"none"})", "/lease");
  wrong(R"({"preset":"az-slow"})", "/preset");
  wrong(R"({"preset":"az-slow","zone":"q"})", "/zone");
  wrong(R"({"preset":"az-slow","with":{"zone":"q"}})", "/with/zone");
  wrong(R"({"preset":"region-cut","with":{"zones":["a","q"]}})", "/with/zones");
  wrong(R"({"preset":"cache-outage","with":{"proxy":"q"}})", "/with/proxy");
  for (const std::string with : {R"("for":"x")", R"("for":"3h")", R"("latency":"fast")",
                                 R"("latency":["1s","2s"])", R"("of/none":"x")"}) {
    const std::string name = with.substr(1, with.find('"', 1) - 1);
    const std::string pointer = name == "of/none" ? "of~1none" : name;
    wrong(R"({"preset":"az-slow","zone":"b","with":{)" + with + "}}", "/with/" + pointer);
  }
  const std::string steps = R"({"timeline":{"steps":[{"for":"1m","partition":{"shape":"isolate")";
  wrong(steps + "}}]}}", "/timeline/steps/0/partition");
  wrong(steps + R"(,"zones":["${zone}"]}}]}})", "/timeline/steps/0/partition/zones/0");
  wrong(steps + R"(,"zones":["${zone"]}}]}})", "/timeline/steps/0/partition/zones/0");
  wrong(steps + R"(,"zones":["b"]}}]},"with":{"y":"x"}})", "/with/y");
  CHECK(world.is_clean());
  CHECK(world.call(200, "GET", "/v1/runs")["runs"].empty());
}

TEST_CASE("a dry run answers with the plan, and begins nothing", "[v1_runs]") {
  RunWorld world;
  const json plan = world.call(201, "POST", "/v1/runs?dry_run=true",
                               R"({"preset":"az-power-loss","zone":"b","speed":"60x"})");
  CHECK(plan["id"].is_null());
  CHECK(plan["state"] == "planned");
  CHECK(plan["length"] == "18s");
  REQUIRE(plan["steps"].size() == 4);
  CHECK(plan["steps"][1]["starts"] == "2s");
  CHECK(plan["steps"][1]["ends"] == "12s");
  CHECK(plan["steps"][1]["does"] ==
        "zone b is cut from everything else: packets vanish, and nobody is told");
  CHECK(world.is_clean());
  CHECK(world.call(200, "GET", "/v1/runs")["runs"].empty());
}

TEST_CASE("an abort takes a run's faults away at once", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  const std::string path = "/v1/runs/" + run["id"].get<std::string>();
  CHECK(world.call(200, "DELETE", path + "?dry_run=true")["state"] == "running");
  const json aborted = world.call(200, "DELETE", path);
  CHECK(aborted["state"] == "aborted");
  CHECK(aborted["verdict"] == "inconclusive");
  CHECK(aborted["steps"][1]["state"] == "never");
  CHECK(world.is_clean());
  world.pass(10min);
  CHECK(world.is_clean());
  CHECK(world.call(200, "DELETE", path)["state"] == "aborted");
  CHECK(world.told(run).back() == "run.ended");
  world.call(404, "GET", "/v1/runs/nobody");
}

TEST_CASE("a run that has ended is shown as it ended, for ever", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  world.pass(61s);
  CHECK(world.show(run)["steps"][1]["effect"]["matched"] == 0);
  world.pass(121s);
  const json ended = world.show(run);
  CHECK(ended["steps"][0]["does"] == run["steps"][0]["does"]);
  CHECK(ended["steps"][1]["effect"]["proxies"] == json{"cache-1", "cache-2"});
  CHECK(world.api->call("DELETE", "/v1/proxies/cache-1").status == 204);
  world.pass(10min);
  CHECK(world.show(run) == ended);
  CHECK(world.call(200, "GET", "/v1/runs")["runs"] == json{ended});
}

TEST_CASE("a halt ends runs, and none begins until it is lifted", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  CHECK(world.call(200, "POST", "/v1/halt", R"({"reason":"enough","owner":"x"})")["removed"] == 1);
  const json halted = world.show(run);
  CHECK(halted["state"] == "halted");
  CHECK(halted["why"] == "enough");
  CHECK(world.is_clean());
  world.call(423, "POST", "/v1/runs", kTwoSteps);
  CHECK(world.api->call("DELETE", "/v1/halt").status == 204);
  world.pass(10min);
  CHECK(world.is_clean());
  CHECK(world.show(run)["state"] == "halted");
}

TEST_CASE("while a run only waits nothing is clean, and its lease lists it", "[v1_runs]") {
  RunWorld world;
  const std::string lease = world.call(201, "POST", "/v1/leases", R"({"ttl":"20s"})")["id"];
  const std::string id =
      world.run(R"({"timeline":{"steps":[{"wait":"1m"}]},"lease":")" + lease + R"("})")["id"];
  const json run = {{"run", id}};
  CHECK(world.call(200, "GET", "/v1/leases/" + lease)["toxics"] == json{run});
  const json unclean = world.call(409, "GET", "/v1/clean");
  CHECK(unclean["lingering"] == json{{{"kind", "run"}, {"run", id}}});
  CHECK(world.api->call("DELETE", "/v1/leases/" + lease).status == 204);
  CHECK(world.call(200, "GET", "/v1/clean")["clean"] == true);
}

TEST_CASE("a run ends with its lease, by its time or by hand", "[v1_runs]") {
  RunWorld world;
  for (const bool by_hand : {false, true}) {
    const std::string lease = world.call(201, "POST", "/v1/leases", R"({"ttl":"20s"})")["id"];
    const json run = world.run(R"({"preset":"az-isolated","zone":"b","lease":")" + lease + R"("})");
    CHECK(world.partitions() == 1);
    if (by_hand) {
      CHECK(world.api->call("DELETE", "/v1/leases/" + lease).status == 204);
    } else {
      world.pass(21s);
    }
    CHECK(world.is_clean());
    const json ended = world.show(run);
    CHECK(ended["state"] == "aborted");
    CHECK(ended["why"] == "its lease has ended");
  }
}

TEST_CASE("a step that cannot begin fails its run, which leaves nothing behind", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(
      R"({"timeline":{"steps":[
          {"name":"all","at":"0s","for":"2m","partition":{"shape":"isolate","zones":["b"]}},
          {"name":"late","at":"1m","for":"1m","toxic":{"proxy":"redis","type":"latency"}}]}})");
  CHECK(world.api->call("DELETE", "/v1/proxies/redis").status == 204);
  world.pass(61s);
  CHECK(world.partitions() == 0);
  const json failed = world.show(run);
  CHECK(failed["state"] == "failed");
  CHECK(failed["why"].get<std::string>().find("step `late`: there is no proxy `redis`") == 0);
  CHECK(failed["steps"][1]["state"] == "never");
}

TEST_CASE("a fault that another has ended is not its run's any more", "[v1_runs]") {
  RunWorld world;
  const json run = world.run(kTwoSteps);
  const std::string cut = run["steps"][0]["fault"];
  CHECK(world.api->call("DELETE", "/v1/partitions/" + cut).status == 204);
  world.pass(61s);
  CHECK(world.show(run)["steps"][0]["effect"].is_null());
  CHECK(world.toxics("cache-1") == 1);
  CHECK(world.api->call("DELETE", "/v1/proxies/cache-1").status == 204);
  world.pass(121s);
  CHECK(world.show(run)["state"] == "completed");
}

TEST_CASE("runs that are too many are refused", "[v1_runs]") {
  RunWorld world;
  for (int i = 0; i < 20; ++i) world.run(R"({"timeline":{"steps":[{"wait":"1m"}]}})");
  world.call(409, "POST", "/v1/runs", R"({"timeline":{"steps":[{"wait":"1m"}]}})");
  world.api->api.abort_runs("a test");
  world.run(R"({"timeline":{"steps":[{"wait":"1m"}]}})");
}

TEST_CASE("a preset's document can be sent back", "[v1_runs]") {
  RunWorld world;
  const json all = world.call(200, "GET", "/v1/timelines")["timelines"];
  CHECK(all.size() == 6);
  for (const json& preset : all) {
    const json shown = world.call(200, "GET", "/v1/timelines/" + preset["name"].get<std::string>());
    CHECK(shown["length"] == preset["length"]);
    json body = {{"timeline", shown["timeline"]}};
    const std::vector<std::string> needs = shown["needs"];
    for (const std::string& name : needs) body["with"][name] = name == "proxy" ? "redis" : "b";
    world.call(201, "POST", "/v1/runs?dry_run=true", body.dump());
  }
  world.call(404, "GET", "/v1/timelines/az-los");
}

}  // namespace faultline
