#include "proxy/encounters.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

LiveToxic toxic_of(const std::string& type, std::uint64_t id = 1) {
  LiveToxic toxic;
  toxic.id = id;
  toxic.spec.type = find_toxic_type(type);
  toxic.spec.attributes = attributes_of(type, {});
  toxic.chance_key = id;
  toxic.counters = std::make_shared<std::vector<ToxicCounters>>(1);
  toxic.line = std::make_shared<SharedLine>();
  toxic.effects = effects_for(toxic.spec, 0, nullptr, {});
  return toxic;
}

const ToxicCounters& counters(const LiveToxic& toxic) {
  return toxic.counters->front();
}

TEST_CASE("a connection is counted once, however often it meets a toxic", "[encounters]") {
  const std::vector<ProxyCounters> proxy(1);
  const LiveToxic toxic = toxic_of("latency");
  LiveToxic other = toxic_of("latency", 2);
  other.spec.toxicity = 0;
  Encounters encounters(0, proxy);
  for (int i = 0; i < 3; ++i) encounters.meet({toxic, other}, {}, TimePoint{});
  CHECK(encounters.is_on(1));
  CHECK_FALSE(encounters.is_on(2));
  CHECK(counters(toxic).met == 1);
  CHECK(counters(toxic).matched == 1);
  CHECK(counters(toxic).applied == 0);  // Nothing has been delayed.
  CHECK(counters(other).met == 1);
  CHECK(counters(other).matched == 0);
  encounters.meet({}, {}, TimePoint{});  // A pulse is off.
  CHECK_FALSE(encounters.is_on(1));
  encounters.meet({toxic}, {}, TimePoint{});
  CHECK(encounters.is_on(1));
  CHECK(counters(toxic).met == 1);
  CHECK(counters(toxic).matched == 1);
  Encounters another(0, proxy);
  another.meet({toxic}, {.ordinal = 1}, TimePoint{});
  CHECK(counters(toxic).matched == 2);
}

TEST_CASE("a shadow matches and counts, and is on nobody", "[encounters]") {
  const std::vector<ProxyCounters> proxy(1);
  LiveToxic toxic = toxic_of("blackhole");
  toxic.spec.reach.shadow = true;
  Encounters encounters(0, proxy);
  ConnectionIdentity me;
  me.encounters = &encounters;
  encounters.meet({toxic}, me, TimePoint{});
  CHECK(counters(toxic).matched == 1);
  CHECK(counters(toxic).applied == 0);
  CHECK_FALSE(toxic.applies_to(me, TimePoint{}));
  CHECK(faults_for({toxic}, me, TimePoint{}) == ConnectionFaults{});
  CHECK(stages_for({toxic}, Direction::kDownstream, me, 0, TimePoint{}).empty());
  CHECK(listener_faults({toxic}) == ListenerFaults{});
  toxic.spec.reach.shadow = false;  // Live: the same connections.
  encounters.meet({toxic}, me, TimePoint{});
  CHECK(encounters.is_on(1));
  CHECK(counters(toxic).matched == 1);
  CHECK(counters(toxic).applied == 1);
}

TEST_CASE("what is not about bytes has acted when it is put in force", "[encounters]") {
  const std::vector<ProxyCounters> proxy(1);
  const std::string type =
      GENERATE("blackhole", "zero_window", "refuse", "accept_backlog_full", "connect_delay");
  CAPTURE(type);
  LiveToxic toxic = toxic_of(type);
  if (type == "connect_delay") {
    toxic.spec.attributes.front() = 100;
    toxic.effects = effects_for(toxic.spec, 0, nullptr, {});
  }
  Encounters encounters(0, proxy);
  encounters.meet({toxic}, {}, TimePoint{});
  CHECK(counters(toxic).applied == 1);
  // Who is through to his upstream is received no more.
  Encounters old(0, proxy);
  old.meet({toxic}, {.is_dialled = true}, TimePoint{});
  CHECK(counters(toxic).applied == (type == "zero_window" ? 2 : 1));
}

TEST_CASE("a toxic that spares or wants the connections that were open", "[encounters]") {
  LiveToxic toxic = toxic_of("latency");
  toxic.first_new = 5;
  const auto hits = [&](std::uint64_t ordinal) {
    return toxic.applies_to({.ordinal = ordinal}, TimePoint{});
  };
  CHECK((hits(4) && hits(5)));
  toxic.spec.reach.affects = Scope::kNew;
  CHECK((!hits(4) && hits(5)));
  toxic.spec.reach.affects = Scope::kOpen;
  CHECK((hits(4) && !hits(5)));
  toxic.effects.listening = Listening::kClosed;
  CHECK(listener_faults({toxic}) == ListenerFaults{});
  toxic.effects.scope = Scope::kNew;  // Both must allow.
  CHECK((!hits(4) && !hits(5)));
}

TEST_CASE("limits are asked once a connection, and given back at its end", "[encounters]") {
  std::vector<ProxyCounters> proxy(2);
  proxy[0].connections = 30;
  proxy[1].connections = 10;
  proxy[0].closed_connections = 20;  // Twenty are open.
  LiveToxic toxic = toxic_of("latency");
  std::string reason;
  toxic.budget = std::make_shared<ToxicBudget>(ToxicLimits{.max_share = 0.1},
                                               [&](const std::string& why) { reason = why; });
  for (int i = 0; i < 100; ++i) toxic.budget->note_met();
  auto first = std::make_unique<Encounters>(0, proxy);
  auto second = std::make_unique<Encounters>(0, proxy);
  for (int i = 0; i < 3; ++i) first->meet({toxic}, {.ordinal = 1}, TimePoint{});
  second->meet({toxic}, {.ordinal = 2}, TimePoint{});
  CHECK((first->is_on(1) && second->is_on(1)));
  first.reset();
  Encounters third(0, proxy);
  third.meet({toxic}, {.ordinal = 3}, TimePoint{});
  CHECK(third.is_on(1));
  CHECK(reason.empty());
  Encounters fourth(0, proxy);
  fourth.meet({toxic}, {.ordinal = 4}, TimePoint{});
  CHECK_FALSE(fourth.is_on(1));
  CHECK(reason == "max_share 10% reached");
  CHECK(counters(toxic).matched == 4);
  third.meet({toxic}, {.ordinal = 3}, TimePoint{});
  CHECK(third.is_on(1));  // Until the shard takes it off all of its connections.
  third.meet({}, {.ordinal = 3}, TimePoint{});
  third.meet({toxic}, {.ordinal = 3}, TimePoint{});
  CHECK_FALSE(third.is_on(1));
}

TEST_CASE("a listening socket is left alone by a toxic that may not reach everybody",
          "[encounters]") {
  LiveToxic toxic = toxic_of("blackhole");
  toxic.effects.from_dialling.drop_all = true;
  CHECK(listener_faults({toxic}) != ListenerFaults{});
  toxic.spec.reach.limits.max_connections = 5;
  CHECK(listener_faults({toxic}) == ListenerFaults{});
  toxic.spec.reach.limits = {.max_share = 0.5};
  CHECK(listener_faults({toxic}) == ListenerFaults{});
}

TEST_CASE("toxics that are gone are forgotten, those that are off are not", "[encounters]") {
  const std::vector<ProxyCounters> proxy(1);
  const LiveToxic gone = toxic_of("latency", 1);
  const LiveToxic off = toxic_of("latency", 2);
  Encounters encounters(0, proxy);
  encounters.meet({gone, off}, {}, TimePoint{});
  encounters.meet({}, {}, TimePoint{});
  encounters.forget_others({off});
  CHECK(encounters.applied(1) == nullptr);
  CHECK(encounters.applied(2) != nullptr);
}

}  // namespace
}  // namespace faultline
