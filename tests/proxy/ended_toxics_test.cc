#include "proxy/ended_toxics.h"

#include <catch2/catch.hpp>
#include <thread>

namespace faultline {
namespace {

TEST_CASE("what workers say of ended toxics is taken once, in order", "[ended_toxics]") {
  EndedToxics ended;
  int wakes = 0;
  ended.set_wake([&] { ++wakes; });
  std::jthread([&] {
    ended.add({"a", 1, "one"});
    ended.add({"b", 2, "two"});
  }).join();
  CHECK(wakes == 2);
  const auto taken = ended.take();
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].proxy == "a");
  CHECK(taken[0].reason == "one");
  CHECK(taken[1].id == 2);
  CHECK(ended.take().empty());
}

}  // namespace
}  // namespace faultline
