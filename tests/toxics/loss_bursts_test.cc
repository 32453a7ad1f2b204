#include "toxics/loss_bursts.h"

#include <vector>

#include "base/random.h"

namespace faultline {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;

constexpr TimePoint kFirstSlot = TimePoint(1234567ns);

using Settings = LossBursts::Settings;

/// What a link was like in each of so many slots, asked at the middle of each.
std::vector<bool> states(const Settings& settings, std::uint64_t key, std::size_t slots) {
  LossBursts bursts(settings, key, kFirstSlot);
  std::vector<bool> result;
  TimePoint now = kFirstSlot + settings.slot / 2;
  for (std::size_t i = 0; i < slots; ++i, now += settings.slot) {
    result.push_back(bursts.at(now).loss == settings.loss_in_bad);
  }
  return result;
}

struct Measured {
  double share_of_bad = 0;
  double mean_bad_slots = 0;  // The length of a bad time.
  double mean_good_slots = 0;
};

Measured measure(const std::vector<bool>& states) {
  double bad = 0;
  double turns_bad = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    bad += states[i] ? 1 : 0;
    turns_bad += i > 0 && states[i] && !states[i - 1] ? 1 : 0;
  }
  const auto all = static_cast<double>(states.size());
  return {bad / all, bad / turns_bad, (all - bad) / turns_bad};
}

}  // namespace

TEST_CASE("loss and the lengths of bursts are what was asked for", "[loss_bursts]") {
  // The last two: bad and good take turns more often than not, and a link without memory.
  for (const Settings settings : {Settings{.p = 0.01, .r = 0.1}, Settings{.p = 0.002, .r = 0.05},
                                  Settings{.p = 0.3, .r = 0.2}, Settings{.p = 0.9, .r = 0.8},
                                  Settings{.p = 0.25, .r = 0.75}}) {
    CAPTURE(settings.p, settings.r);
    const Measured measured = measure(states(settings, 42, 1'000'000));
    CHECK(measured.share_of_bad == Approx(LossBursts::mean_loss(settings)).epsilon(0.06));
    CHECK(measured.share_of_bad == Approx(settings.p / (settings.p + settings.r)).epsilon(0.06));
    CHECK(measured.mean_bad_slots == Approx(1 / settings.r).epsilon(0.05));
    CHECK(measured.mean_good_slots == Approx(1 / settings.p).epsilon(0.05));
  }
}

TEST_CASE("a short test meets as much loss as a long one", "[loss_bursts]") {
  const Settings settings{.p = 0.02, .r = 0.08};
  double bad_at_start = 0;
  double bad_after_one_slot = 0;
  constexpr int kLinks = 20'000;
  for (std::uint64_t key = 0; key < kLinks; ++key) {
    LossBursts bursts(settings, key, kFirstSlot);
    bad_at_start += bursts.at(kFirstSlot).loss;
    bad_after_one_slot += bursts.at(kFirstSlot + settings.slot).loss;
  }
  CHECK(bad_at_start / kLinks == Approx(0.2).margin(0.012));
  CHECK(bad_after_one_slot / kLinks == Approx(0.2).margin(0.012));
}

TEST_CASE("what is said of a time does not depend on what was asked before", "[loss_bursts]") {
  for (const Settings settings : {Settings{.p = 0.01, .r = 0.05}, Settings{.p = 0.95, .r = 0.9},
                                  Settings{.p = 1, .r = 1}, Settings{.p = 0.0005, .r = 0.0005}}) {
    CAPTURE(settings.p, settings.r);
    constexpr std::size_t kSlots = 5'000;
    const std::vector<bool> in_order = states(settings, 7, kSlots);
    LossBursts same(settings, 7, kFirstSlot);
    Random random(99);
    for (int i = 0; i < 2'000; ++i) {
      const auto slot = static_cast<std::size_t>(random.between(0, kSlots - 1));
      const Duration in_slot(random.between(0, settings.slot.count() - 1));
      const TimePoint now = kFirstSlot + settings.slot * static_cast<std::int64_t>(slot) + in_slot;
      LossBursts fresh(settings, 7, kFirstSlot);
      REQUIRE((same.at(now).loss == 1) == in_order[slot]);
      REQUIRE((fresh.at(now).loss == 1) == in_order[slot]);
      REQUIRE(same.at(now).until == fresh.at(now).until);
    }
  }
}

TEST_CASE("nothing changes before the time that was told, and nearly always then",
          "[loss_bursts]") {
  const Settings settings{.p = 0.03, .r = 0.2, .loss_in_bad = 0.75, .loss_in_good = 0.25};
  const std::uint64_t key = 5;
  LossBursts bursts(settings, key, kFirstSlot);
  TimePoint now = kFirstSlot;
  int unchanged = 0;
  for (int i = 0; i < 2'000; ++i) {
    const LossBursts::Phase phase = bursts.at(now);
    REQUIRE((phase.loss == 0.75 || phase.loss == 0.25));
    REQUIRE(phase.until > now);
    REQUIRE((phase.until - kFirstSlot) % settings.slot == 0ns);
    LossBursts other(settings, key, kFirstSlot);
    for (TimePoint then = now; then < phase.until; then += settings.slot) {
      REQUIRE(other.at(then).loss == phase.loss);
      REQUIRE(other.at(then).until == phase.until);
    }
    REQUIRE(other.at(phase.until - 1ns).loss == phase.loss);
    unchanged += other.at(phase.until).loss == phase.loss ? 1 : 0;
    now = phase.until;
  }
  CHECK(unchanged < 40);
}

TEST_CASE("links with other keys have other bursts", "[loss_bursts]") {
  const Settings settings{.p = 0.1, .r = 0.3};
  CHECK(states(settings, 1, 1'000) == states(settings, 1, 1'000));
  CHECK(states(settings, 1, 1'000) != states(settings, 2, 1'000));
}

TEST_CASE("the ends of the scale are exact, and the farthest look ahead is bounded",
          "[loss_bursts]") {
  const TimePoint late = kFirstSlot + std::chrono::hours(24 * 365);
  LossBursts never({.p = 0, .r = 0}, 1, kFirstSlot);
  CHECK(never.at(kFirstSlot).loss == 0);
  CHECK(never.at(late).loss == 0);
  CHECK(never.at(late).until > late);
  CHECK(never.at(late).until < kNever);
  CHECK(LossBursts::mean_loss({.p = 0, .r = 0}) == 0);

  LossBursts always({.p = 1, .r = 0}, 1, kFirstSlot);
  CHECK(always.at(kFirstSlot).loss == 1);
  CHECK(always.at(late).loss == 1);

  LossBursts in_turn({.p = 1, .r = 1}, 1, kFirstSlot);
  const double first = in_turn.at(kFirstSlot).loss;
  CHECK(in_turn.at(kFirstSlot + 10ms).loss == 1 - first);
  CHECK(in_turn.at(kFirstSlot + 20ms).loss == first);
  CHECK(in_turn.at(kFirstSlot).until == kFirstSlot + 10ms);
  CHECK(LossBursts::mean_loss({.p = 1, .r = 1}) == 0.5);
}

TEST_CASE("times before the start count as the start", "[loss_bursts]") {
  LossBursts bursts({.p = 0.2, .r = 0.2}, 3, kFirstSlot);
  const LossBursts::Phase first = bursts.at(kFirstSlot);
  CHECK(bursts.at(TimePoint{}).loss == first.loss);
  CHECK(bursts.at(TimePoint{}).until == first.until);
}

}  // namespace faultline
