// What a stage of a chain enters of what its toxic has really done.

#include "toxics/stage_record.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// A chain of one toxic, with its counters.
struct Counted {
  explicit Counted(const std::string& type, const Attributes& first,
                   std::optional<ByteWindow::Bounds> bounds = {}) {
    plan.type = find_toxic_type(type);
    plan.bytes = bounds;
    set(first);
  }

  void set(const Attributes& first, TimePoint now = kStart) {
    attributes = plan.type->default_attributes();
    std::copy(first.begin(), first.end(), attributes.begin());
    ++plan.revision;
    chain.arrange({plan}, now);
  }

  void push(const std::string& bytes, TimePoint now = kStart) { chain.push(Chunk(bytes), now); }

  std::string pop(TimePoint now) {
    std::string text;
    while (std::optional<Signal> signal = chain.pop(now)) {
      const Chunk* chunk = std::get_if<Chunk>(&*signal);
      if (chunk == nullptr) break;
      text += chunk->bytes();
    }
    return text;
  }

  ToxicCounters counters;
  AppliedOnce applied;
  SharedLine line;
  Attributes attributes;
  StagePlan plan{.id = 1,
                 .attributes = &attributes,
                 .counters = &counters,
                 .applied = &applied,
                 .line = &line};
  ToxicChain chain{1 << 24};
};

TEST_CASE("bytes that a toxic holds back are counted once, as they are held", "[stage_record]") {
  Counted one("latency", {100});
  CHECK(one.counters.applied == 0);
  one.push("hello");
  CHECK(one.counters.delayed_bytes == 5);
  CHECK(one.counters.applied == 1);
  one.set({200}, kStart + 10ms);  // Told of what is held once more.
  CHECK(one.pop(kStart + 1s) == "hello");
  one.push("world", kStart + 1s);
  CHECK(one.counters.delayed_bytes == 10);
  CHECK(one.counters.dropped_bytes == 0);
  CHECK(one.counters.applied == 1);  // The same connection.
}

TEST_CASE("a toxic that lets everything pass has done nothing", "[stage_record]") {
  const std::string type = GENERATE("latency", "limit_data", "corrupt", "slicer", "slow_close");
  CAPTURE(type);
  const Attributes harmless = type == "limit_data" ? Attributes{1'000} : Attributes{};
  Counted one(type, harmless);
  one.push("a");
  CHECK(one.pop(kStart) == "a");
  CHECK(one.counters.applied == 0);
  CHECK(one.counters.delayed_bytes == 0);
  CHECK(one.counters.dropped_bytes == 0);
}

TEST_CASE("bytes that a toxic swallows are dropped", "[stage_record]") {
  Counted one("timeout", {0});
  CHECK(one.counters.applied == 0);
  one.push("hello");
  CHECK(one.counters.dropped_bytes == 5);
  CHECK(one.counters.applied == 1);
  Counted cut("limit_data", {3});
  cut.push("hello");
  CHECK(cut.pop(kStart) == "hel");
  CHECK(cut.counters.dropped_bytes == 2);
  cut.push("more");
  CHECK(cut.counters.dropped_bytes == 6);
  CHECK(cut.counters.applied == 1);
}

TEST_CASE("an end that a toxic makes, or makes wait, has been done by it", "[stage_record]") {
  Counted resets("reset_peer", {0});
  resets.chain.advance(kStart + 1min);
  CHECK(resets.counters.applied == 1);
  Counted slow("slow_close", {1000});
  slow.chain.push(Finish{}, kStart);
  CHECK(slow.counters.applied == 1);
  Counted lag("latency", {0});
  lag.chain.push(Finish{}, kStart);
  CHECK(lag.counters.applied == 0);  // It has only passed it on.
  Counted removed("timeout", {0});
  removed.chain.arrange({}, kStart);  // What it might have swallowed is not known: it closes.
  CHECK(removed.counters.applied == 1);
}

TEST_CASE("changed and cut bytes are something done", "[stage_record]") {
  Counted flips("corrupt", {AttributeValue::kMillion});
  flips.push("hello");
  CHECK(flips.counters.applied == 1);
  CHECK(flips.counters.dropped_bytes == 0);
  Counted slices("slicer", {2, 0, 0});
  slices.push("hello");
  CHECK(slices.counters.applied == 1);
  CHECK(slices.counters.delayed_bytes == 0);
  // Where a toxic's part of the stream begins it is cut, and nothing done.
  Counted window("latency", {0}, ByteWindow::Bounds{.after = 2});
  window.push("hello");
  CHECK(window.pop(kStart) == "hello");
  CHECK(window.counters.applied == 0);
  Counted part("latency", {0}, ByteWindow::Bounds{.after = 1, .until = 3});
  part.push("hello");
  CHECK(part.counters.applied == 0);
  Counted slices_part("slicer", {2, 0, 0}, ByteWindow::Bounds{.after = 1});
  slices_part.push("hel");  // "h", which is before it, and "el", which is small enough.
  CHECK(slices_part.counters.applied == 0);
  slices_part.push("lo, ");
  CHECK(slices_part.counters.applied == 1);
}

TEST_CASE("bytes that wait for a gate count when they pass it", "[stage_record]") {
  Counted one("bandwidth", {100'000});  // KB/s: a gate.
  REQUIRE(one.chain.is_transparent());
  one.chain.advance(kStart);
  REQUIRE(one.chain.allowance(kStart) > 0);
  one.chain.note_passed(1'000'000, false);
  CHECK(one.counters.applied == 0);  // These have not waited.
  one.chain.note_passed(500'000, true);
  CHECK(one.counters.delayed_bytes == 500'000);
  CHECK(one.counters.applied == 1);
}

TEST_CASE("what a toxic holds is taken from its budget", "[stage_record]") {
  std::string reason;
  ToxicBudget budget({.max_bytes_delayed = 8}, [&](const std::string& why) { reason = why; });
  Counted one("latency", {100});
  one.plan.budget = &budget;
  one.set({100});
  one.push("hello");
  CHECK(reason.empty());
  one.push("world");
  CHECK(reason == "max_bytes_delayed 8 reached");
}

}  // namespace
}  // namespace faultline
