// run and explain: where timelines come from, and what is said of runs.

#include <catch2/catch.hpp>
#include <string>

#include "cli/exit_codes.h"
#include "cli/run_view.h"
#include "cli/terminal_size.h"
#include "cli/timeline_source.h"
#include "tests/cli/client.h"
#include "tests/support/temp_dir.h"

namespace faultline {
namespace {
using Json = nlohmann::ordered_json;
using test::Client;
using test::Outcome;
using test::RunningServer;

Json run_with(const std::string& state, const Json& steps) {
  return {{"id", "t-1"},     {"timeline", "t"},   {"state", state}, {"verdict", nullptr},
          {"length", "10s"}, {"time_left", "4s"}, {"why", nullptr}, {"steps", steps}};
}

Json step(int number, const std::string& state) {
  return {{"number", number},
          {"name", "s" + std::to_string(number)},
          {"does", "nothing"},
          {"starts", "0"},
          {"ends", "8s"},
          {"state", state},
          {"effect", {{"matched", 7}, {"crossed", 0}}}};
}

}  // namespace

TEST_CASE("--zone and --with are values, lists where they have commas", "[run]") {
  const auto values = timeline_values("b", {"proxy=cache", "zones=a,b", "empty="});
  REQUIRE(values);
  CHECK(std::get<std::string>(values->at("zone")) == "b");
  CHECK(std::get<std::string>(values->at("proxy")) == "cache");
  CHECK(std::get<std::vector<std::string>>(values->at("zones")).size() == 2);
  CHECK(std::get<std::string>(values->at("empty")).empty());
  CHECK(!timeline_values("", {"proxy"}));
  CHECK(!timeline_values("", {"=x"}));
  CHECK(!timeline_values("b", {"zone=c"}));
}

TEST_CASE("what a server says of a timeline is found in its file", "[run]") {
  const test::TempDir dir;
  const std::string path = dir.write("t.yaml",
                                     "steps:\n  - wait: 1s\n  - name: x\n    for: 1s\n"
                                     "    toxic: {proxy: p, type: noop}\n");
  const auto source = timeline_source(path);
  REQUIRE(source);
  CHECK(place_in_file(*source, "/timeline/steps/1/toxic/proxy") == path + ":5:13: ");
  CHECK(place_in_file(*source, "/timeline/steps/1/toxic/no/such") == path + ":5:5: ");
  CHECK(place_in_file(*source, "/speed").empty());
  CHECK(is_timeline_file(path));
  CHECK(!is_timeline_file(dir.file("no-such")));
  const auto none = timeline_source("az-los");
  REQUIRE(!none);
  CHECK(none.error().message.find("and no such file") != std::string::npos);
}

TEST_CASE("a run's news are what has changed since it was last looked at", "[run]") {
  const Json first = run_with("running", {step(1, "under_way"), step(2, "waiting")});
  CHECK(news_of(nullptr, first) == std::vector<std::string>{"step 1 of 2: s1 began: nothing"});
  CHECK(news_of(first, first).empty());
  const Json later = run_with("running", {step(1, "ended"), step(2, "ended")});
  CHECK(news_of(first, later) ==
        std::vector<std::string>{"step 1 of 2: s1 ended: 7 matched, 0 crossed",
                                 "step 2 of 2: s2 began: nothing",
                                 "step 2 of 2: s2 ended: 7 matched, 0 crossed"});
  CHECK(progress_line(first) == "step 1 of 2: s1, 2s left; the run: 4s left");
}

TEST_CASE("the exit code of a run is its verdict", "[run]") {
  const auto code = [](const std::string& state, const std::string& verdict) {
    Json run = run_with(state, Json::array());
    run["verdict"] = verdict;
    return exit_code_of_run(run);
  };
  CHECK(code("completed", "pass") == kExitOk);
  CHECK(code("completed", "fail") == kExitFailed);
  CHECK(code("completed", "inconclusive") == kExitInconclusive);
  CHECK(code("halted", "inconclusive") == kExitHalted);
  CHECK(code("failed", "inconclusive") == kExitFailed);
  CHECK(code("aborted", "inconclusive") == kExitFailed);
}

TEST_CASE("a run's live line fits the terminal, and is not wrapped", "[run]") {
  const RunningServer server;
  const Client client(server);
  const test::TempDir dir;
  const std::string name(60, 'x');
  const std::string path = dir.write(
      "t.yaml", "steps: [{parallel: [{name: " + name + ", wait: 10ms}, {wait: 10ms}]}]\n");
  const std::string out = client("run " + path, true).out;
  const std::size_t begin = out.find("\x1b[?7l\x1b[2m");
  const std::size_t end = out.find("\x1b[0m\x1b[?7h", begin);
  REQUIRE(end != std::string::npos);
  const std::string live = out.substr(begin + 9, end - begin - 9);
  CHECK(live.starts_with("step 1 of 2: " + name));
  CHECK(live.size() <= terminal_size().width);
}

TEST_CASE("run plays a file on a server, shows it and aborts it", "[run]") {
  const RunningServer server;
  const Client client(server);
  const test::TempDir dir;
  const std::string path = dir.write("t.yaml", "name: quiet\nsteps: [{name: still, wait: 10ms}]\n");
  const Outcome played = client("run " + path);
  CHECK(played.status == kExitInconclusive);
  CHECK(played.out.find("step 1 of 1: still began: nothing is done") != std::string::npos);
  CHECK(played.out.find("completed, verdict inconclusive") != std::string::npos);
  const Outcome live = client("run --speed 0.1x " + path, true);
  const std::size_t progress = live.out.find("the run: 1s left");
  REQUIRE(progress != std::string::npos);
  CHECK(live.out.find("\r\x1b[K", progress) != std::string::npos);
  const Json begun = Json::parse(client("run --detach -o json --speed 0.001x " + path).out);
  const std::string id = begun["id"];
  CHECK(client.says("run list").find(id + "  running  step 1 of 1: still") != std::string::npos);
  CHECK(client("clean").out == "run  " + id + "  \n");
  CHECK(client("clean").status == kExitFailed);
  CHECK(client.says("run abort --dry-run " + id).find("running") != std::string::npos);
  CHECK(client.says("run abort " + id).find("aborted") != std::string::npos);
  CHECK(client.says("run show " + id).find("  0 to 10s  still: nothing") != std::string::npos);
  CHECK(client.says("events --type run. --run " + id).find(id) != std::string::npos);
  const std::string of_another = client.says("events --type run. --run nobody");
  CHECK(of_another.empty());
  CHECK(client("run show").status == kExitUsage);
  CHECK(client("run show nobody").status == kExitFailed);
  CHECK(client("run az-slow more").status == kExitUsage);
  CHECK(client("run az-slow --speed fast --zone b").status == kExitUsage);
  CHECK(client.fails("run az-slow --zone nowhere") ==
        "1: --zone: step `slow`: there is no zone `nowhere`: there are no zones\n");
}

}  // namespace faultline
