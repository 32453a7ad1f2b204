#include "toxics/toxic_budget.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

namespace faultline {
namespace {

/// A budget that remembers why it was spent.
struct Budget {
  explicit Budget(const ToxicLimits& limits)
      : budget(limits, [this](const std::string& reason) { reasons.push_back(reason); }) {}

  std::vector<std::string> reasons;
  ToxicBudget budget;
};

TEST_CASE("the connection after the last that may be ends the toxic", "[toxic_budget]") {
  Budget one({.max_connections = 2});
  CHECK(one.budget.take(true, 1));
  CHECK(one.budget.take(true, 2));
  CHECK(one.budget.take(false, 2));  // On one of them again.
  CHECK_FALSE(one.budget.is_spent());
  one.budget.give_back();
  CHECK_FALSE(one.budget.take(true, 2));  // In all, not at once.
  CHECK(one.budget.is_spent());
  CHECK_FALSE(one.budget.take(false, 2));
  CHECK_FALSE(one.budget.take(true, 2));
  CHECK(one.reasons == std::vector<std::string>{"max_connections 2 reached"});
}

TEST_CASE("a share is of the connections that there are now", "[toxic_budget]") {
  Budget one({.max_share = 0.2});
  for (int i = 0; i < 1000; ++i) one.budget.note_met();
  for (std::uint64_t live = 1; live < ToxicBudget::kFewestJudged; ++live) {
    CHECK(one.budget.take(true, live));  // Too few to be judged.
  }
  for (std::uint64_t live = 1; live < ToxicBudget::kFewestJudged; ++live) one.budget.give_back();
  CHECK(one.budget.take(true, 10));
  CHECK(one.budget.take(true, 10));
  one.budget.give_back();
  CHECK(one.budget.take(true, 10));  // One of them is over.
  CHECK(one.budget.take(true, 15));
  CHECK_FALSE(one.budget.take(true, 19));
  CHECK(one.reasons == std::vector<std::string>{"max_share 20% reached"});
}

TEST_CASE("a share is of all connections met, too: those that were ended are not forgotten",
          "[toxic_budget]") {
  Budget one({.max_share = 0.125});
  for (int i = 0; i < 5; ++i) {
    CHECK(one.budget.take(true, 40));
    one.budget.give_back();
    CHECK(one.budget.take(false, 40));  // The same once more.
    one.budget.give_back();
  }
  CHECK_FALSE(one.budget.take(true, 40));
  CHECK(one.reasons == std::vector<std::string>{"max_share 12.5% reached"});
  Budget other({.max_share = 0.125});
  for (int i = 0; i < 48; ++i) other.budget.note_met();
  for (int i = 0; i < 6; ++i) {
    CHECK(other.budget.take(true, 40));
    other.budget.give_back();
  }
  CHECK_FALSE(other.budget.take(true, 40));
}

TEST_CASE("a toxic that ends connections does not make the rest too few to be judged",
          "[toxic_budget]") {
  Budget one({.max_share = 0.2});
  for (std::uint64_t live = 10; live > 8; --live) {
    one.budget.note_met();
    CHECK(one.budget.take(true, live));
    one.budget.give_back();
  }
  CHECK_FALSE(one.budget.take(true, 8));  // The third of ten.
}

TEST_CASE("once it has held more bytes than it may the toxic ends", "[toxic_budget]") {
  Budget one({.max_bytes_delayed = 100});
  one.budget.note_delayed(60);
  one.budget.note_delayed(40);
  CHECK_FALSE(one.budget.is_spent());
  one.budget.note_delayed(1);
  CHECK(one.budget.is_spent());
  one.budget.note_delayed(1);
  CHECK(one.reasons == std::vector<std::string>{"max_bytes_delayed 100 reached"});
}

TEST_CASE("of many that ask at once no more are let in than may be", "[toxic_budget]") {
  std::atomic<int> endings = 0;
  ToxicBudget budget({.max_connections = 1000}, [&](const std::string&) { ++endings; });
  std::atomic<int> let_in = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) let_in += budget.take(true, 1) ? 1 : 0;
      });
    }
  }
  CHECK(let_in == 1000);
  CHECK(endings == 1);
}

}  // namespace
}  // namespace faultline
