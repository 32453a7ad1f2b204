#include "bench/truth/cell.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "bench/truth/options.h"

namespace faultline::bench::truth {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a cell is said as a share or in percent", "[cell]") {
  for (const char* const text : {"rtt=40,loss=1%", "rtt=40,loss=0.01", "loss=1%,rtt=40"}) {
    CAPTURE(text);
    const auto cell = parse_cell(text);
    REQUIRE(cell);
    CHECK(cell->rtt_ms == 40);
    CHECK(cell->loss == Approx(0.01));
    CHECK(cell->label() == "RTT 40 ms, loss 1 %");
  }
}

TEST_CASE("what is no cell is refused", "[cell]") {
  for (const char* const text : {"", "rtt=40", "loss=1%", "rtt=0,loss=0", "rtt=40,loss=100%",
                                 "rtt=40,loss=-1", "rtt=40ms,loss=1%", "rtt=x,loss=1%"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cell(text));
  }
}

TEST_CASE("half of an RTT is lost each way, packets only where asked", "[cell]") {
  const Cell cell{.rtt_ms = 40, .loss = 0.03};
  const LinkSettings down = link_settings(cell, {}, 0);
  CHECK(down.upstream.delay == 20ms);
  CHECK(down.downstream.delay == 20ms);
  CHECK(down.downstream.loss.loss_in_good == 0.03);
  CHECK(down.upstream.loss.loss_in_good == 0);
  const LinkSettings both = link_settings(cell, {.loss_on = LossOn::kBoth}, 0);
  CHECK(both.downstream.loss.loss_in_good == 0.03);
  CHECK(both.upstream.loss.loss_in_good == 0.03);
}

TEST_CASE("a line's queue holds an RTT, and never less than 64 KiB", "[cell]") {
  CHECK(queue_for({.rtt_ms = 100}, 6.25e6) == 625'000);
  CHECK(queue_for({.rtt_ms = 1}, 6.25e6) == 65'536);
  CHECK(queue_for({.rtt_ms = 100}, 0) == 0);
}

TEST_CASE("the grid is fifteen links, and --only replaces it", "[options]") {
  const auto whole = parse_options({});
  REQUIRE(whole);
  CHECK(task_of(*whole).cells.size() == 15);
  const auto one = parse_options({"--only", "rtt=40,loss=1%", "--seed=7", "--side", "truth"});
  REQUIRE(one);
  CHECK(task_of(*one).cells.size() == 1);
  CHECK(task_of(*one).loads.seed == 7);
  CHECK(one->sides == Sides::kTruth);
}

TEST_CASE("options that make no sense are refused", "[options]") {
  CHECK_FALSE(parse_options({"--side", "left"}));
  CHECK_FALSE(parse_options({"--seed"}));
  CHECK_FALSE(parse_options({"--seed", "x"}));
  CHECK_FALSE(parse_options({"--bursts", "5"}));
  CHECK(parse_options({"--bursts", "5", "--side", "truth"}));
  CHECK_FALSE(parse_options({"--fast"}));
}

}  // namespace
}  // namespace faultline::bench::truth
