#include "cli/top.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "cli/terminal_screen.h"
#include "cli/top_view.h"
#include "tests/cli/client.h"

namespace faultline {
using Json = nlohmann::ordered_json;
using std::chrono::seconds;
using test::Client;
using test::RunningServer;

namespace {

std::vector<std::string> lines_of(const TopModel& model, TerminalSize size, bool coloured = false) {
  std::ostringstream out;
  const Console console{out, out, true, coloured};
  return top_lines(model, size, console);
}

/// Without the blank lines at the end.
std::string screen_of(const TopModel& model, TerminalSize size) {
  std::string text;
  for (const std::string& line : lines_of(model, size)) text += line + "\n";
  return text;
}

TopModel two_proxies() {
  TopModel model;
  model.server = "localhost:8474";
  model.proxies = {{.name = "db",
                    .listen = "127.0.0.1:25432",
                    .upstream = "10.0.0.7:5432",
                    .enabled = false,
                    .open = 0,
                    .rates = std::nullopt,
                    .toxics = {}},
                   {.name = "redis",
                    .listen = "127.0.0.1:26379",
                    .upstream = "127.0.0.1:6379",
                    .enabled = true,
                    .open = 12,
                    .rates = TopRates{3, 1'234, 48'000'000},
                    .toxics = {{"slow", "latency 200ms, answers", 40, 12}}}};
  model.selected = 1;
  model.connections = {{"3-17", "127.0.0.1:40000", "1.5s", "slow"}};
  model.said = "redis: enabled; 1 toxic removed";
  return model;
}

Json stats_of(int connections, int up, int down) {
  return {{"proxies",
           {{{"name", "redis"},
             {"connections_active", 2},
             {"connections_total", connections},
             {"sent_bytes", {{"upstream", up}, {"downstream", down}}},
             {"toxics", {{{"name", "slow"}, {"matched", 4}, {"applied", 3}}}}}}}};
}

const Json kProxies = {
    {"proxies",
     {{{"name", "redis"},
       {"listen", "127.0.0.1:1"},
       {"upstream", "a:2"},
       {"enabled", true},
       {"toxics", {{{"name", "slow"}, {"type", "stall"}, {"toxicity", "100%"}}}}}}}};

Top top_at(const RunningServer& server) {
  return Top(V1Remote(*parse_api_url(server.api_address())), "here");
}

}  // namespace

TEST_CASE("top shows the proxies, and what is on the selected one", "[top]") {
  CHECK(screen_of(two_proxies(), {100, 14}) ==
        "Faultline at localhost:8474\n"
        "  PROXY  LISTEN           UPSTREAM        STATE    OPEN  NEW/S        UP     DOWN\n"
        "  db     127.0.0.1:25432  10.0.0.7:5432   cut         0      -         -        -\n"
        "> redis  127.0.0.1:26379  127.0.0.1:6379  1 toxic    12    3.0  1.2 kB/s  48 MB/s\n"
        "\n"
        "Toxics of redis\n"
        "  slow  applied 12 of 40  latency 200ms, answers\n"
        "\n"
        "Connections of redis: 12 open\n"
        "  3-17      127.0.0.1:40000        1.5s      slow\n"
        "\n"
        "\n"
        "redis: enabled; 1 toxic removed\n"
        "up/down: select   c: cut   h: heal (enable, no toxics)   H: heal all   q: quit\n");
}

TEST_CASE("top fits every terminal, and keeps the selected proxy in sight", "[top]") {
  TopModel model = two_proxies();
  for (int i = 0; i < 50; ++i) {
    TopProxy more = model.proxies[0];
    more.name = "p" + std::to_string(i) + "é";
    model.proxies.push_back(more);
  }
  for (const std::size_t selected : {0, 1, 30, 51}) {
    model.selected = selected;
    for (std::size_t height = 0; height < 70; ++height) {
      for (const std::size_t width : {0, 1, 7, 80, 300}) {
        const std::vector<std::string> lines = lines_of(model, {width, height});
        CAPTURE(selected, height, width);
        REQUIRE(lines.size() == height);
        std::size_t marked = 0;
        for (const std::string& line : lines) {
          std::size_t characters = 0;
          for (const char c : line) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
          REQUIRE(characters <= width);
          marked += line.starts_with("> ") ? 1 : 0;
        }
        if (height >= 5 && width >= 7) REQUIRE(marked == 1);
      }
    }
  }
}

TEST_CASE("top has no colours where there are none, and says what is wrong in red", "[top]") {
  TopModel model = two_proxies();
  CHECK(screen_of(model, {80, 24}).find('\x1b') == std::string::npos);
  model.is_trouble = true;
  const auto lines = lines_of(model, {80, 24}, true);
  CHECK(lines[22] == "\x1b[31mredis: enabled; 1 toxic removed\x1b[0m");
  CHECK(lines[2].starts_with("\x1b[31m  db"));
}

TEST_CASE("top shows what keeps zones apart", "[top]") {
  TopModel model = two_proxies();
  model.partitions = {{.name = "b-cut",
                       .state = "zone b is cut from everything else",
                       .left = "9m58s",
                       .matched = 3,
                       .crossed = 0}};
  CHECK(screen_of(model, {100, 20})
            .find("\nPartitions\n  b-cut  9m58s left  matched 3, crossed 0  zone b is cut from "
                  "everything else\n") != std::string::npos);
}

TEST_CASE("a name with control characters does not reach the terminal", "[top]") {
  TopModel model = two_proxies();
  model.proxies[1].name = "a\x1b[2J";
  CHECK(screen_of(model, {80, 24}).find('\x1b') == std::string::npos);
}

TEST_CASE("rates are what has moved between two looks", "[top]") {
  TopMeter meter;
  const TopMeter::Time start{};
  const TopProxy first = meter.read(kProxies, stats_of(10, 1000, 5000), start).at(0);
  CHECK_FALSE(first.rates);
  CHECK(first.open == 2);
  REQUIRE(first.toxics.size() == 1);
  CHECK(first.toxics[0].applied == 3);
  CHECK(first.toxics[0].what == "stall: until it is removed");
  const TopProxy second = meter.read(kProxies, stats_of(14, 1400, 9000), start + seconds(2)).at(0);
  REQUIRE(second.rates);
  CHECK(second.rates->connections == 2);
  CHECK(second.rates->up == 200);
  CHECK(second.rates->down == 2000);
  const auto soon = start + std::chrono::milliseconds(2100);
  CHECK(meter.read(kProxies, stats_of(14, 1400, 9000), soon).at(0).rates->down == 2000);
  // Made anew in the meantime.
  CHECK_FALSE(meter.read(kProxies, stats_of(1, 0, 0), start + seconds(3)).at(0).rates);
}

TEST_CASE("bytes per second are short", "[top]") {
  CHECK(byte_rate_text(0) == "0 B/s");
  CHECK(byte_rate_text(812.4) == "812 B/s");
  CHECK(byte_rate_text(999.9) == "1.0 kB/s");
  CHECK(byte_rate_text(1'234) == "1.2 kB/s");
  CHECK(byte_rate_text(48'000) == "48 kB/s");
  CHECK(byte_rate_text(5e12) == "5000 GB/s");
}

TEST_CASE("top's keys select, cut and heal", "[top]") {
  const RunningServer server;
  const Client client(server);
  client.says("create a -l 127.0.0.1:0 -u x:1");
  client.says("create b -l 127.0.0.1:0 -u x:1");
  client.says("toxic add a stall");
  client.says("toxic add b stall");
  Top top = top_at(server);
  REQUIRE(top.refresh());
  REQUIRE(top.model().proxies.size() == 2);
  CHECK(top.press('k'));
  CHECK(top.model().selected == 0);
  CHECK(top.press('j'));
  CHECK(top.press('j'));
  CHECK(top.model().selected == 1);
  CHECK(top.press('c'));
  CHECK(top.model().said == "b: cut; 0 connections closed");
  REQUIRE(top.refresh());
  CHECK_FALSE(top.model().proxies[1].enabled);
  CHECK(top.press('h'));
  CHECK(top.model().said == "b: enabled; 1 toxic removed");
  REQUIRE(top.refresh());
  CHECK(top.model().proxies[1].enabled);
  CHECK(top.model().proxies[1].toxics.empty());
  CHECK(top.model().proxies[0].toxics.size() == 1);
  CHECK(top.press('H'));
  CHECK(top.model().said == "all proxies enabled; 1 toxic removed");
  client.says("delete b");
  CHECK(top.press('c'));
  CHECK(top.model().is_trouble);
  REQUIRE(top.refresh());
  CHECK(top.model().selected == 0);
  CHECK_FALSE(top.press('q'));
}

TEST_CASE("top shows partitions, and heals them with all else", "[top]") {
  const RunningServer server;
  const Client client(server);
  const V1Remote remote(*parse_api_url(server.api_address()));
  REQUIRE(remote.call("PUT", "/v1/zones/b", {{"cidrs", {"127.2.0.0/16"}}}));
  client.says("create a -l 127.0.0.1:0 -u 127.2.0.1:1");
  client.says("zone cut b");
  Top top = top_at(server);
  REQUIRE(top.refresh());
  REQUIRE(top.model().partitions.size() == 1);
  CHECK(top.model().partitions[0].name == "b-cut");
  CHECK(top.press('H'));
  CHECK(top.model().said == "all proxies enabled; 0 toxics removed; 1 partition healed");
  REQUIRE(top.refresh());
  CHECK(top.model().partitions.empty());
}

TEST_CASE("top says that its server is gone, and shows what it had", "[top]") {
  Top never(V1Remote(*parse_api_url("127.0.0.1:1")), "nowhere");
  CHECK(never.refresh().error().kind == ErrorKind::kNetwork);
  std::optional<RunningServer> server(std::in_place);
  const Client client(*server);
  client.says("create a -l 127.0.0.1:0 -u x:1");
  Top top = top_at(*server);
  REQUIRE(top.refresh());
  server.reset();
  CHECK(top.refresh());
  CHECK(top.model().is_trouble);
  CHECK(top.model().said.starts_with("cannot reach Faultline at "));
  CHECK(top.model().proxies.size() == 1);
}

TEST_CASE("top without a terminal says what to use", "[top]") {
  const test::Outcome outcome = test::run("top -h 127.0.0.1:1");
  CHECK(outcome.status == 2);
  CHECK(outcome.err ==
        "faultline: top: it needs a terminal; without one there is `faultline stats --watch`\n");
}

TEST_CASE("the keys of a terminal are told apart from what it sends beside them", "[top]") {
  const auto keys_of = [](std::string_view bytes) { return KeyReader().keys_of(bytes); };
  CHECK(keys_of("jkq") == "jkq");
  CHECK(keys_of("\x1b[A\x1b[B\x1bOA\x1bOB") == "kjkj");
  CHECK(keys_of("\x1b[1;5Bh\x1b[15~c\x1b") == "jhc");
  CHECK(keys_of("\x1b[").empty());
  CHECK(keys_of("\x1bh\x1b\x1b"
                "c")
            .empty());  // Alt with a key.
  KeyReader cut;        // Home, in two reads: no H that heals.
  CHECK(cut.keys_of("\x1b").empty());
  CHECK(cut.keys_of("[").empty());
  CHECK(cut.keys_of("Hj") == "j");
}

}  // namespace faultline
