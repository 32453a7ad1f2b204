// Each kind of down on thousands of connections at once: how soon it holds, and that all go on.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/crowd.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

/// An echo behind a proxy with half of its clients idle and half busy.
struct CrowdedLine {
  explicit CrowdedLine(std::vector<std::string> arguments)
      : world({.arguments = std::move(arguments)}) {
    REQUIRE(crowd.all_go_on(2));
  }

  /// Adds the toxic; when the call was over.
  Clock::time_point add(const std::string& toxic) {
    const Clock::time_point start = Clock::now();
    const Reply reply = world.api.post("/proxies/p/toxics", R"({"name":"down",)" + toxic + "}");
    const Clock::time_point end = Clock::now();
    REQUIRE(reply.status == 200);
    answer = reply.body;
    call = std::chrono::duration_cast<milliseconds>(end - start);
    return end;
  }

  static std::size_t each() {
    allow_many_files();
    return scaled_down(1'000);
  }

  /// How long after a call takes hold may be; taken while the machine is as it is without us.
  const milliseconds limit = bound(milliseconds(100));
  World world;
  CrowdServer upstream{CrowdServer::Manner::kEcho};
  const std::string listen = world.add_proxy("p", upstream.address());
  Crowd crowd{listen, each(), each()};
  std::string answer;
  milliseconds call{0};
};

milliseconds between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration_cast<milliseconds>(end - start);
}

/// Breaks the line for a while, and sees that nothing moves and that all goes on.
void check_silence(CrowdedLine& line, const std::string& toxic) {
  const Clock::time_point told = line.add(toxic);
  line.crowd.wake_idle();
  pause_for(line.limit + milliseconds(400));
  const milliseconds in_force = between(told, line.crowd.last_byte());
  CAPTURE(line.answer, line.call.count(), in_force.count());
  CHECK(in_force <= line.limit);
  if (line.answer.find(R"("engine":"kernel")") != std::string::npos) {
    CHECK(line.crowd.unheard_idle() == line.crowd.idle());
  }
  CHECK(line.crowd.ended_with(Ending::kOpen) == line.crowd.size());
  CHECK(line.upstream.ended() == 0);

  line.world.remove_toxic("p", "down");
  CHECK(line.crowd.all_go_on(3, 2 * kPatience));
  CHECK(line.crowd.wrong() == 0);
  CHECK(line.crowd.ended_with(Ending::kOpen) == line.crowd.size());
  CHECK(line.upstream.accepted() == static_cast<int>(line.crowd.size()));
}

}  // namespace

TEST_CASE("a blackhole takes a crowd at once and gives it back whole", "[outages]") {
  CrowdedLine line({});
  check_silence(line, R"("type":"blackhole")");
  is_served_by_kernel(line.answer);
}

TEST_CASE("so does one without packet filters", "[outages]") {
  CrowdedLine line({"--packet-filters", "off"});
  check_silence(line, R"("type":"blackhole")");
}

TEST_CASE("a stall takes a crowd at once and gives it back whole", "[outages]") {
  CrowdedLine line({});
  check_silence(line, R"("type":"stall")");
}

TEST_CASE("refuse, reset and close end a crowd at once, for both peers", "[outages]") {
  for (const std::string type : {"refuse", "reset", "close"}) {
    CrowdedLine line({});
    const bool is_close = type == "close";
    const Ending end = is_close ? Ending::kFinish : Ending::kReset;
    const Clock::time_point told = line.add(R"("type":")" + type + R"(")");
    CHECK(eventually([&] { return line.crowd.ended_with(Ending::kOpen) == 0; }));
    const milliseconds in_force = between(told, line.crowd.last_end());
    CAPTURE(type, line.call.count(), in_force.count());
    CHECK(in_force <= line.limit);
    CHECK(line.crowd.idle_ended_with(end) == line.crowd.idle());
    if (!is_close) CHECK(line.crowd.ended_with(end) == line.crowd.size());
    CAPTURE(line.crowd.ended_with(end));
    CHECK(line.crowd.wrong() == 0);
    const auto all = static_cast<int>(line.crowd.size());
    CHECK(eventually([&] { return line.upstream.ended() == all; }));
    if (!is_close) CHECK(line.upstream.resets() == all);
  }
}

}  // namespace faultline::test
