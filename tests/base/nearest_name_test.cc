#include "base/nearest_name.h"

namespace faultline {
namespace {

const std::vector<std::string> kNames = {"latency", "bandwidth", "slow_close", "timeout"};

TEST_CASE("typing mistakes find the name that was meant", "[nearest_name]") {
  CHECK(nearest_name("latencyy", kNames) == "latency");
  CHECK(nearest_name("LATENCY", kNames) == "latency");
  CHECK(nearest_name("latnecy", kNames) == "latency");
  CHECK(nearest_name("bandwith", kNames) == "bandwidth");
  CHECK(nearest_name("slowclose", kNames) == "slow_close");
  CHECK(did_you_mean("timeot", kNames) == "; did you mean `timeout`?");
}

TEST_CASE("something else altogether finds nothing", "[nearest_name]") {
  CHECK(nearest_name("xyz", kNames).empty());
  CHECK(nearest_name("", kNames).empty());
  CHECK(nearest_name(std::string(10'000, 'l'), kNames).empty());
  CHECK(did_you_mean("partition", kNames).empty());
}

}  // namespace
}  // namespace faultline
