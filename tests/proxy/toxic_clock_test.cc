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
  toxic.effects = effects_for(toxic.spec, 0, nullptr, toxic.placement);
  return toxic;
}

ToxicTiming ramp_of(int attribute, double from, double to, Duration over) {
  return {.ramp = ToxicRamp{attribute, {.from = from, .to = to, .over = over}}};
}

void set(ToxicClock& clock, const LiveToxic& toxic) {
  clock.set(std::make_shared<const ToxicSet>(ToxicSet{toxic}));
}

/// What the upstream's packets are lost by, at each ms of a span.
std::set<double> losses(ToxicClock& clock, TimePoint from, Duration span) {
  std::set<double> seen;
  for (TimePoint now = from; now < from + span; now += 1ms) {
    seen.insert(clock.at(now)->at(0).effects.from_upstream.loss);
  }
  return seen;
}

constexpr std::int64_t kMillion = AttributeValue::kMillion;
const std::set<double> kAllOrNothing = {0, 1};
constexpr int kP = 2;

TEST_CASE("a pulse copies no samples", "[toxic_clock]") {
  LiveToxic toxic;
  toxic.id = 1;
  toxic.spec.type = find_toxic_type("latency");
  toxic.spec.attributes = toxic.spec.type->default_attributes();
  const auto samples = static_cast<std::size_t>(toxic.spec.type->attribute_index("samples"));
  toxic.spec.attributes[samples] = AttributeValue(std::string(1'000'000, '1'));
  toxic.spec.timing.pulse = OnOff{.on = 1ms, .off = 1ms};
  toxic.since = kMade;
  ToxicClock clock;
  set(clock, toxic);
  const std::string& text = toxic.spec.attributes[samples].text();
  CHECK(&clock.at(kMade)->at(0).spec.attributes[samples].text() == &text);
  CHECK(clock.at(kMade + 1ms)->empty());
  CHECK(&clock.at(kMade + 2ms)->at(0).spec.attributes[samples].text() == &text);
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

TEST_CASE("a ramp moves the bursts of a lossy link", "[toxic_clock]") {
  ToxicClock clock;
  set(clock, loss_with({0, 0, 0, kMillion / 10}, ramp_of(kP, 0, 0.2, 100ms)));
  CHECK(losses(clock, kMade, 100ms) == std::set<double>{0});
  CHECK(losses(clock, kMade + 100ms, 10s) == kAllOrNothing);

  set(clock, loss_with({0, 0, kMillion / 5, kMillion / 10}, ramp_of(kP, 0.2, 0, 100ms)));
  losses(clock, kMade, 100ms);
  CHECK(losses(clock, kMade + 100ms, 10s) == std::set<double>{0});
}

TEST_CASE("bursts go when a change takes them away", "[toxic_clock]") {
  const ToxicTiming pulse{.pulse = OnOff{.on = 100h, .off = 1s}};
  ToxicClock clock;
  set(clock, loss_with({0, 0, kMillion / 5, kMillion / 10}, pulse));
  CHECK(losses(clock, kMade, 10s) == kAllOrNothing);
  set(clock, loss_with({kMillion / 4}, pulse));
  CHECK(losses(clock, kMade + 10s, 10s) == std::set<double>{0.25});
}

}  // namespace
}  // namespace faultline
