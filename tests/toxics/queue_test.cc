#include "toxics/queue.h"

#include <catch2/catch.hpp>
#include <deque>
#include <memory>

#include "base/random.h"

namespace faultline {
namespace {

TEST_CASE("a queue is as a std::deque, whatever is done to it", "[queue]") {
  Random random(Catch::rngSeed());
  Queue<std::shared_ptr<int>> queue;
  std::deque<int> model;
  for (int i = 0; i < 20'000; ++i) {
    const auto action = random.between(0, i % 2'000 < 1'000 ? 6 : 12);  // Grows, then shrinks.
    if (action <= 4) {
      queue.push_back(std::make_shared<int>(i));
      model.push_back(i);
    } else if (action == 5 && !model.empty()) {
      const auto at = random.between(0, static_cast<std::int64_t>(model.size()));
      queue.insert(queue.begin() + at, std::make_shared<int>(i));
      model.insert(model.begin() + at, i);
    } else if (!model.empty()) {
      REQUIRE(*queue.front() == model.front());
      const std::shared_ptr<int> popped = queue.pop_front();
      REQUIRE(*popped == model.front());
      REQUIRE(popped.use_count() == 1);
      model.pop_front();
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    if (!model.empty()) REQUIRE(*queue.back() == model.back());
  }
  int i = 0;
  for (const std::shared_ptr<int>& item : queue)
    REQUIRE(*item == model[static_cast<unsigned>(i++)]);
  queue.clear();
  CHECK(queue.empty());
}

}  // namespace
}  // namespace faultline
