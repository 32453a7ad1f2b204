#include "toxics/link_trace.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <string>

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart = TimePoint(1h);

struct Piece {
  std::size_t bytes;
  TimePoint due;
  bool operator==(const Piece&) const = default;
};

/// Notes what a toxic lets go.
class Notes final : public Outlet {
 public:
  void send(Chunk chunk, TimePoint at) override { pieces.push_back({chunk.size(), at}); }
  void release(std::size_t, TimePoint) override {}
  void finish(TimePoint) override {}
  void close(TimePoint) override {}
  void reset() override {}
  void wake(TimePoint) override {}

  std::deque<Piece> pieces;
};

SampleTable trace_of(const std::string& text) {
  Result<SampleTable> table = SampleTable::parse(text);
  REQUIRE(table);
  return std::move(*table);
}

/// A toxic that has just reached its link.
struct Playing {
  explicit Playing(const std::string& text) : trace(trace_of(text)), toxic(trace) {
    REQUIRE(check_link_trace(trace));
    toxic.on_start(kStart, notes);
  }
  /// What becomes of so many bytes.
  std::deque<Piece> send(std::size_t bytes, TimePoint arrived) {
    toxic.on_data(Chunk(std::string(bytes, 'x')), arrived, notes);
    return std::exchange(notes.pieces, {});
  }

  SampleTable trace;
  LinkTrace toxic;
  Notes notes;
};

using Pieces = std::deque<Piece>;

TEST_CASE("bytes leave 1,500 at a time, when the trace says so", "[link_trace]") {
  Playing playing("2\n5\n9");
  CHECK(playing.send(4000, kStart) ==
        Pieces{{1500, kStart + 2ms}, {1500, kStart + 5ms}, {1000, kStart + 9ms}});
  CHECK(playing.send(501, kStart + 6ms) == Pieces{{500, kStart + 9ms}, {1, kStart + 11ms}});
}

TEST_CASE("a trace begins anew after its last number", "[link_trace]") {
  Playing playing("0\n10");
  CHECK(playing.send(4501, kStart) ==
        Pieces{{1500, kStart}, {3000, kStart + 10ms}, {1, kStart + 20ms}});  // 10, and 0 again.
  CHECK(playing.send(1, kStart + 1000ms) == Pieces{{1, kStart + 1000ms}});
  CHECK(playing.send(3000, kStart + 1000ms) ==
        Pieces{{2999, kStart + 1000ms}, {1, kStart + 1010ms}});
}

TEST_CASE("a chance that nobody used is wasted, and so is the rest of one", "[link_trace]") {
  Playing playing("1\n2\n3\n4");
  CHECK(playing.send(10, kStart) == Pieces{{10, kStart + 1ms}});
  CHECK(playing.send(1500, kStart + 2500us) == Pieces{{1500, kStart + 3ms}});
  CHECK(playing.send(1, kStart + 3ms) == Pieces{{1, kStart + 4ms}});
}

TEST_CASE("chances at the same time let go of one piece, not of many", "[link_trace]") {
  Playing playing("5\n5\n5\n5\n8");
  CHECK(playing.send(100, kStart) == Pieces{{100, kStart + 5ms}});
  CHECK(playing.send(4500, kStart) == Pieces{{4500, kStart + 5ms}});
  CHECK(playing.send(1501, kStart) == Pieces{{1400, kStart + 5ms}, {101, kStart + 8ms}});
}

TEST_CASE("a toxic in another's place begins the trace anew with what that one held",
          "[link_trace]") {
  Playing playing("4\n6");
  playing.toxic.on_start(kStart + 100ms, playing.notes);
  CHECK(playing.send(2000, kStart + 50ms) == Pieces{{1500, kStart + 104ms}, {500, kStart + 106ms}});
}

/// What the definition says: at each chance, up to 1,500 bytes of those that had arrived.
Pieces by_definition(const std::vector<double>& trace, Pieces arrivals) {
  Pieces left;
  for (int round = 0; !arrivals.empty(); ++round) {
    for (const double ms : trace) {
      const TimePoint at =
          kStart + std::chrono::milliseconds(static_cast<std::int64_t>(round * trace.back() + ms));
      for (std::size_t room = 1500; room > 0 && !arrivals.empty() && arrivals[0].due <= at;) {
        const std::size_t bytes = std::min(room, arrivals[0].bytes);
        left.push_back({bytes, at});
        room -= bytes;
        arrivals[0].bytes -= bytes;
        if (arrivals[0].bytes == 0) arrivals.pop_front();
      }
    }
  }
  return left;
}

/// One piece for all that leaves at one time.
Pieces joined(const Pieces& pieces) {
  Pieces all;
  for (const Piece& piece : pieces) {
    if (all.empty() || all.back().due != piece.due) all.push_back({0, piece.due});
    all.back().bytes += piece.bytes;
  }
  return all;
}

TEST_CASE("whatever the trace and the traffic, bytes leave as by definition", "[link_trace]") {
  constexpr std::uint64_t kSeed = 4711;
  Random random(kSeed);
  for (int run = 0; run < 500; ++run) {
    CAPTURE(kSeed, run);
    std::string text;
    std::int64_t ms = random.between(0, 3);
    for (std::int64_t i = random.between(0, 20); i >= 0; --i) {
      text += std::to_string(ms += random.between(0, 1) * random.between(0, 5)) + "\n";
    }
    text += std::to_string(ms + 1);
    CAPTURE(text);
    Playing playing(text);
    Pieces arrivals;
    Pieces left;
    TimePoint now = kStart;
    for (int i = 0; i < 60; ++i) {
      now += random.between(0, 1) * std::chrono::microseconds(500 * random.between(0, 60));
      const auto bytes = static_cast<std::size_t>(random.between(1, 6000));
      arrivals.push_back({bytes, now});
      for (const Piece& piece : playing.send(bytes, now)) left.push_back(piece);
    }
    const std::vector<double>& trace = playing.trace.in_order();
    REQUIRE(joined(left) == joined(by_definition(trace, arrivals)));
  }
}

/// How many bytes leave in `time` when the sender always has more and the link holds no more
/// than the window.
std::size_t bytes_in(Playing& playing, Duration time, Duration pump_pause) {
  Pieces held;
  std::size_t held_bytes = 0;
  std::size_t left = 0;
  for (TimePoint now = kStart; now <= kStart + time; now += pump_pause) {
    while (!held.empty() && held.front().due <= now) {
      left += held.front().bytes;
      held_bytes -= held.front().bytes;
      held.pop_front();
    }
    while (held_bytes < playing.toxic.window()) {
      constexpr std::size_t kRead = 16 * 1024;
      for (const Piece& piece : playing.send(kRead, now)) held.push_back(piece);
      held_bytes += kRead;
    }
  }
  return left;
}

TEST_CASE("a link that holds only its window uses every chance", "[link_trace]") {
  std::string steady;
  for (int i = 1; i <= 2000; ++i) steady += std::to_string(i / 20) + "\n";  // 240 Mbit/s.
  Playing fast(steady);
  CHECK(bytes_in(fast, 2s, 10ms) >= 59'000'000);

  std::string bursts;
  for (int i = 0; i < 1000; ++i) bursts += "70\n";
  Playing jerky(bursts + "200");  // 1.5 MB at once, five times a second.
  CHECK(bytes_in(jerky, 1970ms, 10ms) == 10 * 1'500'000 + 9 * 1500);

  std::string slow_text = "100";
  Playing slow(slow_text);
  CHECK(bytes_in(slow, 2s, 10ms) == 20 * 1500);
  CHECK(slow.toxic.window() == Toxic::kSmallWindow);
}

TEST_CASE("what lies beyond all time is held, not lost", "[link_trace]") {
  Playing playing("3153600000000");  // 100 years.
  const Pieces pieces = playing.send(9000, kStart);
  CHECK(pieces.front() == Piece{1500, kStart + kLongest});
  CHECK(pieces.back().due == kNever);
}

TEST_CASE("what is no trace is refused", "[link_trace]") {
  const auto error_of = [](const std::string& text) {
    const Result<void> checked = check_link_trace(trace_of(text));
    REQUIRE_FALSE(checked);
    return checked.error().message;
  };
  const std::string rule =
      " of the trace must be a whole number of ms, not below the one before it or 0";
  CHECK(error_of("-1\n5") == "number 1" + rule);
  CHECK(error_of("1\n5\n4") == "number 3" + rule);
  CHECK(error_of("1\n1.5") == "number 2" + rule);
  const std::string last = "the last number of a trace must be from 1 ms to 100 years";
  CHECK(error_of("0") == last);
  CHECK(error_of("0\n0") == last);
  CHECK(error_of("1\n3153600000001") == last);
  CHECK(error_of("1\n1e300") == last);
}

}  // namespace
}  // namespace faultline
