// When and for whom a toxic is in force: pulses, windows, ramps, counts and clients.

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

constexpr milliseconds kSilence{150};

/// How often the port turned from refusing to accepting or back, up to `enough`.
int turns(const std::string& address, int enough) {
  int turns = 0;
  bool was_refused = answer_to(knock(address)) == ECONNREFUSED;
  eventually([&] {
    const bool is_refused = answer_to(knock(address)) == ECONNREFUSED;
    if (std::exchange(was_refused, is_refused) != is_refused) ++turns;
    return turns == enough;
  });
  return turns;
}

}  // namespace

TEST_CASE("a pulse turns a toxic on and off by turns, on first", "[outages]") {
  Line line;
  line.add(R"("type":"refuse","pulse":{"on":300,"off":200})");
  CHECK(answer_to(knock(line.listen)) == ECONNREFUSED);
  const milliseconds time = time_of([&] { CHECK(turns(line.listen, 6) == 6); });
  // Five whole turns lie between the first and the last, two of them on.
  CHECK(time >= milliseconds(2 * 300 + 3 * 200 - 50));
  CHECK(time < milliseconds(1'500) + bound(milliseconds(300)));
}

TEST_CASE("poisson turns a toxic on and off by chance", "[outages]") {
  Line line;
  line.add(R"("type":"refuse","poisson":{"on":60,"off":60})");
  CHECK(turns(line.listen, 8) == 8);
}

TEST_CASE("a ramp moves a number while connections live", "[outages]") {
  Line line;
  const Socket client = line.connect();
  line.add(R"("type":"latency","ramp":{"attribute":"latency","from":0,"to":400,"over":1000})");
  const auto trip = [&] { return time_of([&] { round_trip(client, "x"); }); };
  const milliseconds first = trip();
  pause_for(milliseconds(1'050));
  CHECK(first < bound(milliseconds(200)));
  const milliseconds last = trip();
  CHECK(last >= milliseconds(399));
  CHECK(last < milliseconds(400) + bound(milliseconds(50)));
}

TEST_CASE("after and until bound the time of each connection", "[outages]") {
  Line line;
  line.add(R"("type":"stall","after":"400ms","until":"800ms")");
  const Clock::time_point start = Clock::now();
  const Socket client = line.connect();
  if (round_trip(client, "early") != "early" || Clock::now() - start > milliseconds(400)) {
    WARN("not tested: the machine is too busy");
    return;
  }
  pause_for(milliseconds(450));
  client.send("late");
  CHECK(client.receive(4) == "late");
  CHECK(Clock::now() - start >= milliseconds(795));
  CHECK(round_trip(client, "after") == "after");
}

TEST_CASE("after and until bound the bytes of each connection", "[outages]") {
  Line line;
  line.add(R"("type":"stall","attributes":{"side":"client"},"after":"1KiB")");
  const Socket client = line.connect();
  CHECK(round_trip(client, std::string(1'024, 'b')) == std::string(1'024, 'b'));
  client.send("more");
  CHECK(client.is_quiet_for(kSilence));
  line.heal();
  CHECK(client.receive(4) == "more");

  line.add(R"("type":"latency","attributes":{"latency":200},"until":"1KiB")");
  const Socket late = line.connect();
  const std::string text(1'024, 'u');
  CHECK(time_of([&] { round_trip(late, text); }) >= milliseconds(199));
  CHECK(time_of([&] { round_trip(late, text); }) < bound(milliseconds(150)));
}

TEST_CASE("a zero window after so many bytes lets them pass, and no more", "[outages]") {
  Line line;
  line.add(R"("type":"zero_window","after":"64KiB")");
  const Socket client = line.connect();
  const std::string text(64 * 1024, 'b');
  CHECK(sha256(long_trip(client, text)) == sha256(text));
  client.send("more");
  CHECK(client.is_quiet_for(kSilence));
  line.heal();
  CHECK(client.receive(4) == "more");
}

TEST_CASE("a reset after so many bytes counts those of its stream", "[outages]") {
  const std::string answer(1'000'000, 'a');
  Line line({}, answer_at_finish(answer));
  line.add(R"("type":"reset","after":"64KiB")");
  const Socket client = line.connect();
  client.send("a small question");
  client.shut_down_write();
  CHECK(ending_of(client) == Ending::kReset);
  line.heal();
  line.add(R"("type":"reset","stream":"upstream","after":"64KiB")");
  const Socket other = line.connect();
  other.send("a small question");
  other.shut_down_write();
  CHECK(other.receive(answer.size()) == answer);
}

TEST_CASE("after, first and every choose among new connections", "[outages]") {
  Line line;
  line.add(R"("type":"reset","match":{"first":2})");
  CHECK(is_reset(knock(line.listen)));
  CHECK(is_reset(knock(line.listen)));
  CHECK_FALSE(is_reset(knock(line.listen)));
  CHECK_FALSE(is_reset(knock(line.listen)));
  line.heal();
  line.add(R"("type":"reset","match":{"every":3})");
  for (int i = 1; i <= 7; ++i) {
    CAPTURE(i);
    CHECK(is_reset(knock(line.listen)) == (i % 3 == 0));
  }
  line.heal();
  line.add(R"("type":"reset","match":{"after":2,"first":3})");
  for (int i = 1; i <= 7; ++i) {
    CAPTURE(i);
    CHECK(is_reset(knock(line.listen)) == (i > 2 && i <= 5));
  }
}

TEST_CASE("match.clients chooses by the client's address, open or new", "[outages]") {
  Line line;
  const Socket spared = line.connect();
  const Socket matched = knock(line.listen, "127.0.0.9");
  REQUIRE(answer_to(matched) == 0);
  REQUIRE(round_trip(matched, "before") == "before");
  line.add(R"("type":"reset","match":{"clients":["127.0.0.8/29"]})");
  CHECK(ending_of(matched) == Ending::kReset);
  CHECK(is_reset(knock(line.listen, "127.0.0.15")));
  CHECK_FALSE(is_reset(knock(line.listen, "127.0.0.16")));
  CHECK(round_trip(spared, "spared") == "spared");
}

}  // namespace faultline::test
