#include "proxy/toxic_clock.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade = TimePoint(1h);

/// `packet_loss` by the kernel, with these for loss, correlation, p, r, h, k.
LiveToxic loss_with(const Attributes& attributes, const ToxicTiming& timing = {}) {
  LiveToxic toxic;
  toxic.id = 1;
  toxic.spec.type = find_toxic_type("packet_loss");
  toxic.spec.attributes = attributes_of("packet_loss", attributes);
  toxic.spec.timing = timing;
  toxic.placement.can_filter_packets = true;
  toxic.chance_key = 77;
  toxic.since = toxic.ramp_since = kMade;
  toxic.effects = effects_for(toxic.spec, nullptr, toxic.placement);
  return toxic;
}

ToxicTiming ramp_of(int attribute, double from, double to, Duration over) {
  return {.ramp = ToxicRamp{attribute, {.from = from, .to = to, .over = over}}};
}

void set(ToxicClock& clock, const LiveToxic& toxic) {
  clock.set(std::make_shared<const ToxicSet>(ToxicSet{toxic}));
}

TEST_CASE("each step of a ramp is a revision of its own, and none is another change's",
          "[toxic_clock]") {
  ToxicClock clock;
  LiveToxic toxic = loss_with({}, ramp_of(0, 0, 1, 20s));
  toxic.revision = 3;
  set(clock, toxic);
  std::set<std::uint64_t> revisions;
  for (std::uint64_t step = 0; step <= Ramp::kMostSteps; ++step) {
    revisions.insert(clock.at(kMade + step * 100ms)->at(0).revision);
  }
  CHECK(revisions.size() == Ramp::kMostSteps + 1);
  CHECK(*revisions.rbegin() == toxic.revision + Ramp::kMostSteps);
}

TEST_CASE("a ramp goes by its own beginning", "[toxic_clock]") {
  ToxicClock clock;
  LiveToxic toxic = loss_with({}, ramp_of(0, 0, 1, 1s));
  toxic.ramp_since = kMade + 1h;
  set(clock, toxic);
  CHECK(clock.at(kMade + 1h)->at(0).effects.from_upstream.loss == 0);
  CHECK(clock.next_change() == kMade + 1h + 100ms);
  CHECK(clock.at(kMade + 1h + 1s)->at(0).effects.from_upstream.loss == 1);
}

}  // namespace
}  // namespace faultline
