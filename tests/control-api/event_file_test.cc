#include "control-api/event_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "control-api/event_tail.h"
#include "control-api/json_writer.h"
#include "tests/support/socket.h"
#include "tests/support/temp_dir.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using test::read_file;
using test::TempDir;
using Json = nlohmann::json;

/// A log that is copied to a file.
struct World {
  explicit World(EventFile::Options options) {
    auto opened = EventFile::open(options);
    REQUIRE(opened);
    file = *std::move(opened);
    log.go_on_after(file->last_seq());
    log.copy_to(file.get());
  }
  void add(const std::string& type, std::size_t bytes = 0) {
    log.add({.type = type, .after = json_string(std::string(bytes, 'x'))});
  }

  EventLog log;
  std::unique_ptr<EventFile> file;
};

/// The lines of a file, each parsed. Fails the test if one is no JSON or has no end.
std::vector<Json> events_in(const std::string& path) {
  std::vector<Json> events;
  for (const std::string& line : test::lines_of(path)) events.push_back(Json::parse(line));
  return events;
}

/// Waits until the file has so many ends of lines.
bool eventually_lines(const std::string& path, std::ptrdiff_t count) {
  const auto until = test::Clock::now() + test::kPatience;
  while (test::Clock::now() < until) {
    const std::string text = read_file(path);
    if (std::count(text.begin(), text.end(), '\n') == count) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

std::string event_line(int seq, const std::string& type = "a") {
  return R"({"seq":)" + std::to_string(seq) + R"(,"type":")" + type + "\"}\n";
}

/// So that no file may grow beyond `bytes`, as if its disk were full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_CASE("events are lines of the file, in order, and all of them at the end", "[event_file]") {
  const TempDir dir;
  {
    World world({.path = dir.file("log")});
    for (int i = 0; i < 5000; ++i) world.add("a");
  }
  const std::vector<Json> lines = events_in(dir.file("log"));
  REQUIRE(lines.size() == 5000);
  for (int i = 0; i < 5000; ++i) REQUIRE(lines[i]["seq"] == i + 1);
}

TEST_CASE("an event is on the disk soon, not only at the end", "[event_file]") {
  const TempDir dir;
  World world({.path = dir.file("log")});
  world.add("a");
  CHECK(test::eventually([&] { return events_in(dir.file("log")).size() == 1; }));
}

TEST_CASE("numbers go on after an orderly end, and leave some out after another", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("log");
  {
    World world({.path = path});
    CHECK(world.file->last_seq() == 0);
    world.add("server.started");
    world.add("server.stopped");
  }
  {
    World world({.path = path});
    CHECK(world.file->last_seq() == 2);
    CHECK(world.file->mended().empty());
    world.add("server.started");
  }
  {
    World world({.path = path});
    CHECK(world.file->last_seq() == 3 + EventFile::kUncertain);
    world.add("server.started");
  }
  CHECK(events_in(path).back()["seq"] == 4 + EventFile::kUncertain);
  // Of a file that has just been rotated, the one before counts.
  REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
  World world({.path = path});
  CHECK(world.file->last_seq() == 4 + 2 * EventFile::kUncertain);
}

TEST_CASE("a file that somebody cuts in place is written from its new end", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("events");
  {
    EventFile::Options options{.path = path};
    options.most_bytes = 4000;
    World world(options);
    world.add("before", 3000);
    REQUIRE(eventually_lines(path, 1));
    REQUIRE(::truncate(path.c_str(), 0) == 0);
    world.add("after", 2000);  // Together they would be too large.
    REQUIRE(eventually_lines(path, 1));
  }
  const std::vector<Json> lines = events_in(path);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["type"] == "after");
  CHECK(read_file(path + ".1").empty());
}

TEST_CASE("the file is rotated before it is too large, and five are kept", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("log");
  {
    World world({.path = path, .most_bytes = 10'000});
    for (int i = 0; i < 1000; ++i) world.add("a");
    world.add("b", 50'000);  // One that is larger than a file has one of its own.
    world.add("c");
  }
  CHECK(events_in(path).size() == 1);
  CHECK(events_in(path + ".1").size() == 1);
  std::int64_t expected = 1002;
  for (const std::string name : {"", ".1", ".2", ".3", ".4", ".5"}) {
    const std::vector<Json> lines = events_in(path + name);
    REQUIRE_FALSE(lines.empty());
    if (name != ".1") CHECK(read_file(path + name).size() <= 10'000);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      REQUIRE((*line)["seq"] == expected--);
    }
  }
  CHECK(access((path + ".6").c_str(), F_OK) != 0);
}

TEST_CASE("a file that was moved or removed is begun anew", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("log");
  World world({.path = path});
  world.add("a");
  REQUIRE(test::eventually([&] { return events_in(path).size() == 1; }));
  REQUIRE(std::rename(path.c_str(), dir.file("old").c_str()) == 0);
  world.add("b");
  REQUIRE(test::eventually([&] { return events_in(path).size() == 1; }));
  CHECK(events_in(path)[0]["type"] == "b");
  CHECK(events_in(dir.file("old")).size() == 1);
  REQUIRE(unlink(path.c_str()) == 0);
  world.add("c");
  REQUIRE(test::eventually([&] { return events_in(path).size() == 1; }));
  CHECK(events_in(path)[0]["type"] == "c");
}

TEST_CASE("a full disk drops events, says how many, and tears no line", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("log");
  constexpr std::uint64_t kEvents = 5000;
  {
    World world({.path = path, .queue_bytes = 50'000, .retry = 5ms});
    {
      const FileSizeLimit limit(20'000);
      for (std::uint64_t i = 0; i < kEvents; ++i) world.add("a");
      test::pause_for(50ms);
      // While it is tried again there may be the beginning of a line, which is taken back.
      std::string text;
      REQUIRE(test::eventually([&] {
        text = read_file(path);
        return text.empty() || text.back() == '\n';
      }));
      CHECK(text.size() <= 20'000);
      for (const Json& line : events_in(dir.write("copy", text))) CHECK(line["type"] == "a");
    }
    REQUIRE(test::eventually([&] {
      world.add("z");
      return read_file(path).find("\"z\"") != std::string::npos;
    }));
  }
  std::uint64_t next = 1;
  std::uint64_t dropped = 0;
  for (const Json& line : events_in(path)) {
    if (line["type"] == "log.dropped") {
      REQUIRE(line["from"] == next);
      const std::uint64_t count = line["count"];
      REQUIRE(line["to"] == next + count - 1);
      dropped += count;
      next += count;
    } else {
      REQUIRE(line["seq"] == next++);
    }
  }
  CHECK(dropped > kEvents / 2);
  CHECK(dropped < kEvents);
  CHECK(next > kEvents);
}

TEST_CASE("a stop does not wait for a full disk", "[event_file]") {
  const TempDir dir;
  World world({.path = dir.file("log")});
  const FileSizeLimit limit(100);
  world.add("a");
  CHECK(test::time_of([&] { world.file.reset(); }) < 5s);
}

TEST_CASE("one process at a time writes to a file", "[event_file]") {
  const TempDir dir;
  const std::string path = dir.file("log");
  World world({.path = path});
  const auto second = EventFile::open({.path = path});
  REQUIRE_FALSE(second);
  CHECK(second.error().message == path + ": another process writes to it");
}

TEST_CASE("what cannot be an event log is refused, and left as it was", "[event_file]") {
  const TempDir dir;
  for (const std::string& text :
       {std::string("version: 1\nproxies:\n"), std::string("{\"version\":1}"),
        std::string("{\"version\":1}\n"), std::string("no line at all"), std::string("\n\n"),
        "[1,2]\n" + std::string(300'000, 'x')}) {
    INFO(text.substr(0, 40));
    const std::string path = dir.write("file", text);
    const auto opened = EventFile::open({.path = path});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message ==
          path + ": there is something else in this file than an event log");
    CHECK(read_file(path) == text);
  }
  const auto nowhere = EventFile::open({.path = dir.file("no/such/folder")});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message ==
        dir.file("no/such/folder") + ": cannot be opened: No such file or directory");
  CHECK_FALSE(EventFile::open({.path = "/dev/null"}));
  CHECK_FALSE(EventFile::open({.path = "/tmp"}));
}

TEST_CASE("a last line that a crash has torn is mended", "[event_file]") {
  const TempDir dir;
  const std::string whole = event_line(1) + event_line(2);
  const auto mended = [&](const std::string& text) {
    const std::string path = dir.write("log", text);
    const auto tail = mend_event_log(path);
    REQUIRE(tail);
    return std::pair(*tail, read_file(path));
  };
  SECTION("nothing is torn") {
    const auto [tail, text] = mended(whole);
    CHECK(tail.last_seq == 2);
    CHECK_FALSE(tail.is_orderly);
    CHECK(tail.mended.empty());
    CHECK(text == whole);
    CHECK(mended(whole + event_line(3, "server.stopped")).first.is_orderly);
  }
  SECTION("it is whole") {
    const std::string line = event_line(3);
    const auto [tail, text] = mended(whole + line.substr(0, line.size() - 1));
    CHECK(tail.last_seq == 3);
    CHECK(tail.mended == "the last line lacked its end");
    CHECK(text == whole + line);
  }
  SECTION("it is cut off anywhere") {
    const std::string line = event_line(3);
    for (std::size_t size = 1; size + 1 < line.size(); ++size) {
      const auto [tail, text] = mended(whole + line.substr(0, size));
      INFO(size);
      CHECK(tail.last_seq == 2);
      CHECK(tail.mended == "a torn last line of " + std::to_string(size) + " bytes was removed");
      CHECK(text == whole);
    }
  }
  SECTION("it is the only one") {
    const auto [tail, text] = mended(R"({"seq":1,"ty)");
    CHECK(tail.last_seq == 0);
    CHECK_FALSE(tail.mended.empty());
    CHECK(text.empty());
  }
  SECTION("the machine has left zeros") {
    CHECK(mended(whole + std::string(4096, '\0')).second == whole);
  }
  SECTION("it is long") {
    const std::string line = R"({"seq":3,"after":")" + std::string(1'000'000, 'x');
    CHECK(mended(whole + line).second == whole);
    CHECK(mended(whole + line + "\"}\n" + event_line(4).substr(0, 5)).first.last_seq == 3);
  }
  SECTION("events were dropped last") {
    const std::string line = R"({"type":"log.dropped","time":"x","count":4,"from":3,"to":6})";
    CHECK(mended(whole + line + "\n").first.last_seq == 6);
  }
}

}  // namespace
}  // namespace faultline
