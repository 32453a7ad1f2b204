#include "control-api/event_log.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "control-api/json_writer.h"

namespace faultline {
namespace {

using Json = nlohmann::json;

EventDraft draft(const std::string& type, const std::string& proxy = "",
                 const std::string& toxic = "") {
  return {.type = type, .proxy = proxy, .toxic = toxic};
}

/// The numbers of what a cursor has to give.
std::string numbers(EventCursor& cursor) {
  std::string all;
  while (const auto event = cursor.next()) all += std::to_string(event->seq()) + " ";
  return all;
}

TEST_CASE("an event is one line of JSON, with null for what there is not", "[event_log]") {
  EventLog log;
  log.add({.type = "toxic.started",
           .proxy = "redis \"1\"\n",
           .toxic = "slow",
           .fault = 7,
           .cause = {.by = "v1", .owner = "me", .reason = "drill", .request_id = "r1"},
           .connections = 0,
           .took = std::chrono::microseconds(1234),
           .after = R"({"name":"slow"})"});
  const Event& event = *log.at(1);
  CHECK(std::string(event.json()).find('\n') == std::string::npos);
  const Json json = Json::parse(event.json());
  CHECK(json.size() == 18);
  CHECK(json["seq"] == 1);
  CHECK(json["type"] == "toxic.started");
  CHECK(json["proxy"] == "redis \"1\"\n");
  CHECK(json["toxic"] == "slow");
  CHECK(json["fault"] == 7);
  CHECK(json["owner"] == "me");
  CHECK(json["reason"] == "drill");
  CHECK(json["cause"] == "v1");
  CHECK(json["request_id"] == "r1");
  CHECK(json["connections"] == 0);
  CHECK(json["took_ms"] == 1.234);
  CHECK(json["before"].is_null());
  CHECK(json["after"]["name"] == "slow");
  const std::string time = json["time"];
  CHECK(time.size() == 24);
  CHECK(time.back() == 'Z');
  CHECK(std::string(event.frame()) ==
        "id: 1\nevent: toxic.started\ndata: " + std::string(event.json()) + "\n\n");

  log.add(draft("server.started"));
  const Json bare = Json::parse(log.at(2)->json());
  CHECK(bare.size() == 18);
  for (const char* key :
       {"proxy", "toxic", "fault", "owner", "reason", "cause", "request_id", "connections",
        "applied", "took_ms", "before", "after", "partition", "run", "effect"}) {
    INFO(key);
    CHECK(bare[key].is_null());
  }
}

TEST_CASE("the log keeps the last events, by number and by size", "[event_log]") {
  EventLog log({.events = 10, .bytes = 1'000'000});
  CHECK(log.first() == 1);
  CHECK(log.last() == 0);
  for (int i = 0; i < 25; ++i) log.add(draft("a"));
  CHECK(log.first() == 16);
  CHECK(log.last() == 25);
  CHECK(log.at(16)->seq() == 16);

  EventDraft big = draft("b");
  big.after = json_string(std::string(600'000, 'x'));
  log.add(big);
  CHECK(log.first() == 17);
  log.add(big);
  CHECK(log.first() == 27);  // Two do not fit.
  CHECK(log.bytes() < 1'000'000);
  big.after = json_string(std::string(2'000'000, 'x'));
  log.add(big);
  CHECK(log.first() == log.last());  // The last one stays.
  log.add(draft("c"));
  CHECK(log.first() == log.last());
  CHECK(log.bytes() < 1000);
}

TEST_CASE("numbers go on where they are told to", "[event_log]") {
  EventLog log;
  log.go_on_after(41);
  CHECK(log.first() == 42);
  log.add(draft("a"));
  CHECK(log.at(42)->seq() == 42);
  EventCursor cursor(log, 40, {});
  const auto lost = cursor.skip_lost();
  REQUIRE(lost);
  CHECK(lost->from == 41);
  CHECK(lost->to == 41);
  CHECK(numbers(cursor) == "42 ");
}

TEST_CASE("a cursor gives each event once, and what comes later", "[event_log]") {
  EventLog log;
  log.add(draft("a"));
  log.add(draft("b"));
  EventCursor all(log, 0, {});
  EventCursor new_ones(log, log.last(), {});
  CHECK(numbers(all) == "1 2 ");
  CHECK(numbers(new_ones).empty());
  log.add(draft("c"));
  CHECK(numbers(all) == "3 ");
  CHECK(numbers(new_ones) == "3 ");
  CHECK(all.position() == 3);
}

TEST_CASE("a cursor that has fallen off the log says what it lost", "[event_log]") {
  EventLog log({.events = 3});
  EventCursor cursor(log, 0, {});
  for (int i = 0; i < 3; ++i) log.add(draft("a"));
  CHECK_FALSE(cursor.skip_lost());
  CHECK(cursor.next()->seq() == 1);
  for (int i = 0; i < 3; ++i) log.add(draft("a"));
  CHECK(cursor.next() == nullptr);
  const auto lost = cursor.skip_lost();
  REQUIRE(lost);
  CHECK(lost->from == 2);
  CHECK(lost->to == 3);
  CHECK(numbers(cursor) == "4 5 6 ");
}

TEST_CASE("a filter wants types by their beginning, a proxy, a toxic", "[event_log]") {
  EventLog log;
  log.add(draft("toxic.started", "redis", "slow"));
  log.add(draft("toxic.ended", "redis", "slow"));
  log.add(draft("proxy.created", "redis"));
  log.add(draft("toxic.started", "web", "slow"));
  log.add(draft("server.stopped"));
  const auto wanted = [&](const EventFilter& filter) {
    EventCursor cursor(log, 0, filter);
    return numbers(cursor);
  };
  CHECK(wanted({}) == "1 2 3 4 5 ");
  CHECK(wanted({.types = {"toxic."}}) == "1 2 4 ");
  CHECK(wanted({.types = {"toxic.ended", "proxy."}}) == "2 3 ");
  CHECK(wanted({.proxy = "redis"}) == "1 2 3 ");
  CHECK(wanted({.types = {"toxic.started"}, .proxy = "web", .toxic = "slow"}) == "4 ");
  CHECK(wanted({.proxy = "Redis"}).empty());
  CHECK(wanted({.toxic = "slo"}).empty());
}

TEST_CASE("subscribers are told of each event until they leave, a sink is given it",
          "[event_log]") {
  struct Counter final : EventSubscriber {
    void on_events() noexcept override { ++count; }
    int count = 0;
  };
  struct Keeper final : EventSink {
    void take(std::shared_ptr<const Event> event) noexcept override { last = std::move(event); }
    std::shared_ptr<const Event> last;
  };
  EventLog log;
  Counter one;
  Counter two;
  Keeper keeper;
  log.copy_to(&keeper);
  log.subscribe(one);
  log.add(draft("a"));
  log.subscribe(two);
  log.add(draft("a"));
  log.unsubscribe(one);
  log.add(draft("a"));
  CHECK(one.count == 2);
  CHECK(two.count == 2);
  CHECK(keeper.last == log.at(3));
}

}  // namespace
}  // namespace faultline
