#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <regex>
#include <string>

namespace faultline {

namespace {

/// Stderr, turned into a pipe for as long as this lives.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(dup(STDERR_FILENO)) {
    REQUIRE(pipe(pipe_) == 0);
    REQUIRE(dup2(pipe_[1], STDERR_FILENO) >= 0);
  }
  ~CapturedStderr() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    close(pipe_[0]);
    close(pipe_[1]);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;

  /// What has been written and not read yet.
  std::string read_all() {
    std::string text;
    char buffer[4096];
    pollfd readable{pipe_[0], POLLIN, 0};
    while (poll(&readable, 1, 0) > 0) {
      const ssize_t count = read(pipe_[0], buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int saved_;
  int pipe_[2] = {-1, -1};
};

/// The one line that `write` logs.
template <class Write>
std::string logged(LogFormat format, Write write, LogLevel level = LogLevel::kTrace) {
  CapturedStderr captured;
  start_log(level, format);
  write();
  stop_log();
  return captured.read_all();
}

std::string without_time(const std::string& line) {
  static const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  return std::regex_replace(line, kTime, "TIME");
}

}  // namespace

TEST_CASE("a JSON line has time, level, msg, component and the fields", "[log]") {
  const std::string line = logged(LogFormat::kJson, [] {
    log(LogLevel::kWarn, "proxy", "cannot dial",
        {{"proxy", "redis"}, {"bytes", std::int64_t{12}}, {"share", 0.25}, {"open", true}});
  });
  CHECK(without_time(line) ==
        R"({"time":"TIME","level":"warn","msg":"cannot dial","component":"proxy",)"
        R"("proxy":"redis","bytes":12,"share":0.25,"open":true})"
        "\n");
}

TEST_CASE("any bytes become one line of valid JSON", "[log]") {
  const std::string line = logged(LogFormat::kJson, [] {
    log(LogLevel::kInfo, "proxy", std::string_view("a\"b\\c\nd\te\r\x01\x7f\0f", 14),
        {{"good", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
         {"bad", "\xff \xc3 \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80"},
         {"nan", std::nan("")},
         {"infinite", std::numeric_limits<double>::infinity()}});
  });
  const std::string bad = "\xef\xbf\xbd";
  CHECK(without_time(line) ==
        R"({"time":"TIME","level":"info","msg":"a\"b\\c\nd\te\r\u0001\u007f\u0000f",)"
        R"("component":"proxy","good":")"
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"bad\":\"" +
            bad + " " + bad + " " + bad + bad + bad + " " + bad + bad + " " + bad + bad + bad +
            bad + "\",\"nan\":null,\"infinite\":null}\n");
}

TEST_CASE("text into a pipe has no colours and cannot be made to look like two lines", "[log]") {
  const std::string line = logged(LogFormat::kText, [] {
    log(LogLevel::kInfo, "api", "proxy created",
        {{"proxy", "redis"}, {"listen", "a b\n2026 error"}, {"count", std::int64_t{3}}});
  });
  CHECK(without_time(line) ==
        "TIME info  api: proxy created proxy=redis listen=\"a b\\n2026 error\" count=3\n");
}

TEST_CASE("lines below the level, and outside start and stop, go nowhere", "[log]") {
  CHECK_FALSE(logs(LogLevel::kError));
  log(LogLevel::kError, "test", "not started");
  const std::string lines = logged(
      LogFormat::kText,
      [] {
        CHECK(logs(LogLevel::kWarn));
        CHECK_FALSE(logs(LogLevel::kInfo));
        log(LogLevel::kInfo, "test", "quiet");
        log(LogLevel::kError, "test", "loud");
      },
      LogLevel::kWarn);
  CHECK(without_time(lines) == "TIME error test: loud\n");
  CHECK_FALSE(logs(LogLevel::kError));
  CHECK(logged(
            LogFormat::kText, [] { log(LogLevel::kError, "test", "x"); }, LogLevel::kOff) == "");
}

TEST_CASE("a reader that never reads holds up neither a caller nor the end", "[log]") {
  using Clock = std::chrono::steady_clock;
  CapturedStderr captured;
  start_log(LogLevel::kInfo, LogFormat::kJson);
  const std::string long_text(1000, 'x');
  const auto start = Clock::now();
  for (int i = 0; i < 20'000; ++i) log(LogLevel::kInfo, "test", long_text);
  const auto logged_at = Clock::now();
  stop_log();
  CHECK(logged_at - start < std::chrono::seconds(5));
  CHECK(Clock::now() - logged_at < std::chrono::seconds(4));
  CHECK(captured.read_all().size() > 4096);
}

TEST_CASE("level names and Toxiproxy's aliases are read in any letter case", "[log]") {
  const std::pair<const char*, LogLevel> names[] = {
      {"trace", LogLevel::kTrace}, {"DEBUG", LogLevel::kDebug},  {"Info", LogLevel::kInfo},
      {"warn", LogLevel::kWarn},   {"WARNING", LogLevel::kWarn}, {"error", LogLevel::kError},
      {"fatal", LogLevel::kError}, {"panic", LogLevel::kError},  {"off", LogLevel::kOff},
      {"disabled", LogLevel::kOff}};
  for (const auto& [name, level] : names) {
    INFO(name);
    const auto parsed = parse_log_level(name);
    REQUIRE(parsed);
    CHECK(*parsed == level);
  }
  for (const char* wrong : {"", "inf", "information", "loud"}) {
    const auto parsed = parse_log_level(wrong);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
    CHECK(parsed.error().message ==
          "no log level `" + std::string(wrong) + "`: trace, debug, info, warn, error or off");
  }
}

}  // namespace faultline
