// Which bytes are one message, and which of both links belong together.

#include "toxics/burst_counter.h"

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// Both links of a connection, as one that speaks hears of the other.
struct Talk {
  Burst asks(TimePoint now, bool is_idle = true) { return speak(up, down, now, is_idle); }
  Burst answers(TimePoint now, bool is_idle = true) { return speak(down, up, now, is_idle); }

  BurstCounter up{Direction::kUpstream};
  BurstCounter down{Direction::kDownstream};

 private:
  static Burst speak(BurstCounter& speaker, BurstCounter& hearer, TimePoint now, bool is_idle) {
    const Burst burst = speaker.at(now, is_idle);
    hearer.note_turn(speaker);
    return burst;
  }
};

/// A few questions from `now` on, each of which has its answer's number.
void exchange(Talk& talk, TimePoint now) {
  for (int i = 0; i < 5; ++i) {
    CAPTURE(i);
    const Burst question = talk.asks(now += 20ms);
    CHECK(talk.answers(now += 20ms).of_connection == question.of_connection);
  }
}

TEST_CASE("a burst starts after a pause or a turn, if nothing is on its way", "[burst_counter]") {
  Talk talk;
  CHECK(talk.asks(kStart).of_link == 1);
  CHECK(talk.asks(kStart + 4ms).of_link == 1);
  CHECK(talk.asks(kStart + 9ms).of_link == 2);  // 5 ms of silence.
  CHECK(talk.answers(kStart + 10ms).of_link == 1);
  CHECK(talk.asks(kStart + 11ms).of_link == 3);  // The other side has spoken.
  CHECK(talk.answers(kStart + 12ms).of_link == 2);
  CHECK(talk.asks(kStart + 13ms, false).of_link == 3);  // Some of it is still held.
  CHECK(talk.asks(kStart + 100ms, false).of_link == 3);
}

TEST_CASE("a long stream is cut every second", "[burst_counter]") {
  BurstCounter link(Direction::kDownstream);
  for (int i = 0; i < 3500; ++i) {
    REQUIRE(link.at(kStart + i * 1ms, false).of_link == 1U + static_cast<unsigned>(i) / 1000U);
  }
}

TEST_CASE("a question and its answer have one number, whoever spoke first", "[burst_counter]") {
  Talk talk;
  SECTION("the client") {
    CHECK(talk.asks(kStart) == Burst{1, 1});
    CHECK(talk.answers(kStart + 1ms) == Burst{1, 1});
  }
  SECTION("the server") {
    CHECK(talk.answers(kStart) == Burst{1, 1});
    CHECK(talk.asks(kStart + 1ms) == Burst{1, 2});
    CHECK(talk.answers(kStart + 2ms) == Burst{2, 2});
  }
  exchange(talk, kStart + 10ms);
}

TEST_CASE("questions and answers find each other again", "[burst_counter]") {
  Talk talk;
  exchange(talk, kStart);
  TimePoint now = kStart + 1s;
  SECTION("after an answer that was cut") {
    talk.asks(now);
    for (int i = 0; i < 2500; ++i) talk.answers(now += 1ms);
  }
  SECTION("after what the server said by itself") {
    for (int i = 0; i < 3; ++i) talk.answers(now += 20ms);
  }
  SECTION("after questions that were not answered") {
    for (int i = 0; i < 3; ++i) talk.asks(now += 20ms);
  }
  SECTION("after a question that came before the last answer had left") {
    talk.asks(now);
    talk.answers(now + 1ms);
    const Burst second = talk.asks(now + 2ms);
    CHECK(talk.answers(now + 3ms, false).of_connection < second.of_connection);
    CHECK(talk.answers(now + 10ms).of_connection == second.of_connection);
  }
  exchange(talk, now + 1s);
}

TEST_CASE("a link's own bursts are counted without gaps", "[burst_counter]") {
  Talk talk;
  std::uint32_t asked = 0;
  TimePoint now = kStart;
  for (int i = 0; i < 5; ++i) {
    CHECK(talk.asks(now += 20ms).of_link == ++asked);
    for (int answer = 0; answer < 3; ++answer) talk.answers(now += 20ms);
  }
}

TEST_CASE("latency of a round trip draws both halves by the connection's bursts", "[latency]") {
  Attributes attributes = find_toxic_type("latency")->default_attributes();
  const ToxicType& type = *find_toxic_type("latency");
  const auto set = [&](const char* name, std::int64_t value) {
    attributes[static_cast<std::size_t>(type.attribute_index(name))] = value;
  };
  set("latency", 100);
  set("jitter", 80);
  const bool is_split = GENERATE(true, false);
  set("way", is_split ? 1 : 0);
  const auto delay = [&](Burst burst, std::uint64_t key) {
    const StagePlan plan{
        .id = 1, .type = &type, .attributes = &attributes, .chance_key = key, .connection_key = 7};
    ToxicChain chain(1 << 20);
    chain.arrange({plan}, kStart);
    chain.push(Chunk("x", burst), kStart);
    return chain.next_due() - kStart;
  };
  CHECK((delay({3, 9}, 8) == delay({5, 9}, 7)) == is_split);
  CHECK((delay({3, 9}, 8) == delay({3, 4}, 8)) != is_split);
}

}  // namespace
}  // namespace faultline
