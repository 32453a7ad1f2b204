#include "proxy/ended_connections.h"

namespace faultline {
namespace {

std::vector<std::uint64_t> ordinals(const EndedConnections& ended) {
  std::vector<std::uint64_t> all;
  ended.for_each([&](const EndedConnection& one) { all.push_back(one.id.ordinal); });
  return all;
}

LiveToxic toxic_named(const std::string& name, float toxicity) {
  LiveToxic toxic;
  toxic.spec.name = name;
  toxic.spec.toxicity = toxicity;
  return toxic;
}

TEST_CASE("the latest end is told first, and the oldest is forgotten", "[ended_connections]") {
  EndedConnections ended;
  CHECK(ordinals(ended).empty());
  for (std::uint64_t i = 0; i < 3; ++i) ended.next().id = {1, i};
  CHECK(ordinals(ended) == std::vector<std::uint64_t>{2, 1, 0});

  for (std::uint64_t i = 3; i < EndedConnections::kMost + 5; ++i) ended.next().id = {1, i};
  const std::vector<std::uint64_t> all = ordinals(ended);
  REQUIRE(all.size() == EndedConnections::kMost);
  CHECK(all.front() == EndedConnections::kMost + 4);
  CHECK(all.back() == 5);
}

TEST_CASE("a record names the toxics that were in force, up to a limit", "[ended_connections]") {
  EndedConnection record;
  record.set_toxics({toxic_named("on", 1), toxic_named("off", 0)}, {}, {});
  CHECK(record.toxics == std::vector<std::string>{"on"});
  CHECK(record.more_toxics == 0);

  ToxicSet many;
  for (int i = 0; i < 20; ++i) many.push_back(toxic_named(std::to_string(i), 1));
  record.set_toxics(many, {}, {});
  CHECK(record.toxics.size() == EndedConnection::kMostToxics);
  CHECK(record.toxics.back() == "15");
  CHECK(record.more_toxics == 4);

  record.set_toxics({}, {}, {});  // Its place is used again.
  CHECK(record.toxics.empty());
  CHECK(record.more_toxics == 0);
}

TEST_CASE("names take only so much memory", "[ended_connections]") {
  const std::string longest(10'000, 'x');
  EndedConnection record;
  record.set_proxy(longest);
  record.set_toxics({toxic_named(longest, 1)}, {}, {});
  CHECK(record.proxy.size() == EndedConnection::kMostName);
  CHECK(record.toxics.front().size() == EndedConnection::kMostName);
}

}  // namespace
}  // namespace faultline
