#include "cli/watch.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/cli/client.h"
#include "tests/support/server.h"

namespace faultline {

namespace {

/// What a watch prints that sees "1\n", "2\n" and then no server.
std::string watched(bool is_terminal) {
  std::ostringstream out;
  Console console{out, out, is_terminal, false};
  Invocation invocation(console);
  invocation.watch = std::chrono::milliseconds(100);
  int round = 0;
  int pauses = 0;
  const int status = show(
      invocation,
      [&round](const Invocation& shown) {
        if (++round == 3) return 3;
        shown.console.out << round << '\n';
        return 0;
      },
      [&pauses] { ++pauses; });
  CHECK(status == 3);
  CHECK(pauses == 2);
  return out.str();
}

}  // namespace

TEST_CASE("a watch for a script is block after block, until the server is gone", "[watch]") {
  CHECK(watched(false) == "1\n\n2\n");
}

TEST_CASE("a watch on a terminal draws over what is there", "[watch]") {
  CHECK(watched(true) ==
        "\x1b[2J\x1b[H\x1b[?7l1\n\x1b[K\x1b[J\x1b[?7h"
        "\x1b[H\x1b[?7l\x1b[K2\n\x1b[K\x1b[J\x1b[?7h");
}

TEST_CASE("without --watch a command shows once, and says how it went", "[watch]") {
  std::ostringstream out;
  Console console{out, out};
  const Invocation invocation(console);
  CHECK(show(invocation, [](const Invocation&) { return 1; }) == 1);
}

TEST_CASE("each command that shows can be watched until its server is gone", "[watch]") {
  const std::pair<std::string, std::string> cases[] = {
      {"list", R"({"a": {"name": "a", "listen": "b:1", "upstream": "c:2", "enabled": true}})"},
      {"inspect a", R"({"name": "a", "toxics": [{"name": "x", "type": "noop"}]})"},
      {"stats", R"({"proxies": [{"name": "a"}]})"},
      {"connections", R"({"connections": [{"id": "1-1"}], "next": null})"},
  };
  for (const auto& [command, body] : cases) {
    INFO(command);
    std::atomic<int> answered = 0;
    const test::Server server([&answered, &text = body](const test::Socket& peer) {
      if (++answered > 2) return test::Then::kClose;
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
                text);
      return test::Then::kFinish;
    });
    const test::Outcome outcome = test::run(command + " --watch=100ms -h " + server.address());
    CHECK(outcome.status == 3);
    const std::size_t middle = outcome.out.find("\n\n");
    REQUIRE(middle != std::string::npos);
    CHECK(outcome.out.substr(0, middle + 1) == outcome.out.substr(middle + 2));
    CHECK(outcome.err.find("cannot reach Faultline at ") != std::string::npos);
  }
}

TEST_CASE("how often a watch looks is checked, and stands behind =", "[watch]") {
  const std::pair<const char*, const char*> cases[] = {
      {"list --watch=5",
       "faultline list: --watch: `5` is no duration: write 500ms, 5s, 2m or 1h30m (see "
       "`faultline list --help`)\n"},
      {"stats --watch=1ms",
       "faultline stats: --watch: `1ms` is less than 100ms (see `faultline stats --help`)\n"},
      {"list --watch 5s", "faultline list: unexpected argument `5s`\n"},
      {"connections --watch --kill 1-1", "faultline: --watch shows, --kill ends: give one\n"},
  };
  for (const auto& [line, expected] : cases) {
    const test::Outcome outcome = test::run(std::string(line) + " -h 127.0.0.1:1");
    CHECK(outcome.status == 2);
    CHECK(outcome.err == expected);
  }
  CHECK(test::run("inspect --watch redis -h 127.0.0.1:1").status == 3);
  CHECK(test::run("list --watch=500ms -h 127.0.0.1:1").status == 3);
}

}  // namespace faultline
