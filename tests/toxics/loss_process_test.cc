// Which packets are lost: the shares, the bursts, and what silence does.

#include "toxics/loss_process.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLossSeed = 11;

struct Losses {
  double share = 0;
  double burst = 0;        ///< The mean number lost in a row.
  double correlation = 0;  ///< Of the fates of neighbours.
};

Losses observe(const LossSettings& settings, Duration gap, int packets = 400'000) {
  INFO("seed " << kLossSeed);
  LossProcess process(settings, kLossSeed);
  double lost = 0;
  double bursts = 0;
  double both = 0;
  bool before = false;
  for (int i = 0; i < packets; ++i) {
    const bool now = process.lose(kStart + i * gap);
    lost += now ? 1 : 0;
    bursts += now && !before ? 1 : 0;
    both += now && before ? 1 : 0;
    before = now;
  }
  const double share = lost / packets;
  return {share, lost / bursts, (both / packets - share * share) / (share * (1 - share))};
}

TEST_CASE("independent loss loses its share, and no packet cares for another", "[loss]") {
  for (const double loss : {0.001, 0.01, 0.1, 0.5}) {
    LossSettings settings;
    settings.loss = loss;
    const Losses seen = observe(settings, 0ms);
    CAPTURE(loss, seen.share);
    CHECK(seen.share == Approx(loss).margin(4 * std::sqrt(loss / 400'000)));
    CHECK(seen.correlation == Approx(0).margin(0.01));
  }
}

TEST_CASE("correlation makes bursts and leaves the share as it is", "[loss]") {
  for (const double correlation : {0.25, 0.5, 0.9}) {
    LossSettings settings;
    settings.loss = 0.05;
    settings.correlation = correlation;
    const Losses seen = observe(settings, 0ms);
    CAPTURE(correlation);
    CHECK(seen.share == Approx(0.05).epsilon(0.08));
    CHECK(seen.correlation == Approx(correlation).margin(0.02));
  }
}

TEST_CASE("a full correlation still has both fates, and lets go of a silent path", "[loss]") {
  LossSettings settings;
  settings.loss = 0.3;
  settings.correlation = 1;
  double first = 0;
  double later = 0;
  for (std::uint64_t key = 0; key < 20'000; ++key) {
    LossProcess process(settings, derive_key(kLossSeed, key));
    const bool lost = process.lose(kStart);
    first += lost ? 1 : 0;
    later += lost && process.lose(kStart + 2min) ? 1 : 0;
  }
  CHECK(first / 20'000 == Approx(0.3).margin(0.015));
  CHECK(later / first == Approx(0.3).margin(0.025));
}

TEST_CASE("Gilbert-Elliott bursts have netem's share and length", "[loss]") {
  LossSettings settings;
  settings.model = LossSettings::Model::kBursts;
  settings.good_to_bad = 0.01;
  settings.bad_to_good = 0.2;
  const Losses gilbert = observe(settings, 0ms);
  CHECK(gilbert.share == Approx(0.01 / 0.21).epsilon(0.08));
  CHECK(gilbert.burst == Approx(5).epsilon(0.08));

  settings.loss_in_bad = 0.5;
  settings.loss_in_good = 0.02;
  CHECK(observe(settings, 0ms).share == Approx((0.01 * 0.5 + 0.2 * 0.02) / 0.21).epsilon(0.08));

  settings.bad_to_good.reset();  // 1 - p: the state is drawn anew for each packet.
  settings.loss_in_bad = 1;
  settings.loss_in_good = 0;
  const Losses bernoulli = observe(settings, 0ms);
  CHECK(bernoulli.share == Approx(0.01).epsilon(0.08));
  CHECK(bernoulli.correlation == Approx(0).margin(0.01));
}

TEST_CASE("a burst passes while the path is silent, and the share stays", "[loss]") {
  LossSettings settings;
  settings.model = LossSettings::Model::kBursts;
  settings.good_to_bad = 0.01;
  settings.bad_to_good = 0.2;
  const Losses slow = observe(settings, 250ms);  // As a lone segment is tried again.
  CHECK(slow.share == Approx(0.01 / 0.21).epsilon(0.08));
  CHECK(slow.burst < 1.1);
}

TEST_CASE("each Nth packet is lost, to the packet", "[loss]") {
  LossSettings settings;
  settings.model = LossSettings::Model::kEvery;
  settings.every = 3;
  LossProcess process(settings, kLossSeed);
  std::vector<bool> lost;
  for (int i = 0; i < 7; ++i) lost.push_back(process.lose(kStart + i * 1s));
  CHECK(lost == std::vector<bool>{false, false, true, false, false, true, false});
}

TEST_CASE("the same key loses the same packets, another key others", "[loss]") {
  LossSettings settings;
  settings.loss = 0.5;
  const auto fates = [&](std::uint64_t key) {
    LossProcess process(settings, key);
    std::vector<bool> lost;
    for (int i = 0; i < 64; ++i) lost.push_back(process.lose(kStart));
    return lost;
  };
  CHECK(fates(1) == fates(1));
  CHECK(fates(1) != fates(2));
}

TEST_CASE("any number is a probability, and only what can lose is not lossless", "[loss]") {
  const double absurd[] = {-1, 0, 0.5, 1, 2, 1e300, std::numeric_limits<double>::quiet_NaN()};
  for (const double a : absurd) {
    for (const double b : absurd) {
      for (const auto model : {LossSettings::Model::kIndependent, LossSettings::Model::kBursts,
                               LossSettings::Model::kEvery}) {
        LossSettings settings;
        settings.model = model;
        settings.loss = settings.good_to_bad = settings.loss_in_good = a;
        settings.correlation = settings.loss_in_bad = b;
        settings.bad_to_good = b;
        LossProcess process(settings, kLossSeed);
        bool lost = false;
        for (int i = 0; i < 100; ++i) lost |= process.lose(kStart + i * 1h);
        CAPTURE(a, b);
        CHECK((!lost || !settings.is_lossless()));
      }
    }
  }
  LossSettings none;
  none.loss = -1;
  CHECK(none.is_lossless());
  none.loss = 1e-9;
  CHECK_FALSE(none.is_lossless());
}

}  // namespace
}  // namespace faultline
