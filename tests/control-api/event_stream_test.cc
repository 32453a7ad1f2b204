#include "control-api/event_stream.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "control-api/json_writer.h"

namespace faultline {
namespace {

using Json = nlohmann::json;

void add(EventLog& log, const std::string& type, const std::string& proxy = "") {
  log.add({.type = type, .proxy = proxy});
}

EventQuery query_of(const std::string& query, const std::string* last_event_id = nullptr) {
  const auto parsed = parse_event_query(query, last_event_id);
  REQUIRE(parsed);
  return *parsed;
}

std::string error_of(const std::string& query) {
  const auto parsed = parse_event_query(query, nullptr);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::kInvalid);
  return parsed.error().message;
}

/// All that a stream has to say just now.
std::string all_of(BodyStream& stream, std::size_t most = 1000) {
  std::string all;
  for (;;) {
    const std::string more = stream.next(most);
    CHECK(more.size() <= most);
    if (more.empty()) return all;
    all += more;
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a query names types, a proxy, a toxic, a place and a limit", "[event_stream]") {
  const EventQuery query =
      query_of("?type=toxic.,proxy.created&proxy=a%20b&toxic=slow+one&since=7&limit=10");
  CHECK(query.filter.types == std::vector<std::string>{"toxic.", "proxy.created"});
  CHECK(query.filter.proxy == "a b");
  CHECK(query.filter.toxic == "slow one");
  CHECK(query.since == 7);
  CHECK(query.limit == 10);
  CHECK_FALSE(query_of("").since);
  CHECK(query_of("").limit == 100);
  const std::string id = "9";
  CHECK(query_of("since=7", &id).since == 9);
}

TEST_CASE("a query that is not understood is refused", "[event_stream]") {
  CHECK(error_of("?typ=toxic.") == "unknown parameter `typ`; did you mean `type`?");
  CHECK(error_of("?since=x") == "since must be the number of an event, not `x`");
  CHECK(contains(error_of("?since="), "since must be"));
  CHECK(contains(error_of("?since=-1"), "since must be"));
  CHECK(contains(error_of("?since=99999999999999999999"), "since must be"));
  CHECK(error_of("?limit=1001") == "limit must be from 1 to 1000, not `1001`");
  CHECK(contains(error_of("?limit=0"), "limit must be"));
  CHECK(contains(error_of("?type="), "type must list"));
  CHECK(contains(error_of("?type=a,,b"), "type must list"));
  CHECK(error_of("?proxy=%zz") == "bad escape in the query");
  const std::string id = "junk";
  CHECK_FALSE(parse_event_query("", &id));
}

TEST_CASE("a stream begins with what is new, or behind the event it is told", "[event_stream]") {
  EventLog log;
  for (int i = 0; i < 3; ++i) add(log, "a");
  const auto fresh = stream_of_events(log, query_of(""));
  const auto resumed = stream_of_events(log, query_of("since=1"));
  int told = 0;
  resumed->start([&] { ++told; });
  CHECK_FALSE(contains(all_of(*fresh), "id: "));
  std::string text = all_of(*resumed, 7);
  CHECK_FALSE(contains(text, "id: 1\n"));
  CHECK(text.find("id: 2\nevent: a\ndata: {\"seq\":2,") < text.find("id: 3\n"));
  CHECK(text.substr(text.size() - 2) == "\n\n");
  add(log, "b");
  CHECK(told == 1);
  CHECK(all_of(*resumed) == std::string(log.at(4)->frame()));
  CHECK(all_of(*fresh) == std::string(log.at(4)->frame()));
  CHECK_FALSE(resumed->has_ended());
}

TEST_CASE("a stream has only what its filter wants", "[event_stream]") {
  EventLog log;
  const auto stream = stream_of_events(log, query_of("type=toxic.&proxy=p"));
  all_of(*stream);
  add(log, "toxic.started", "q");
  add(log, "proxy.created", "p");
  CHECK(all_of(*stream).empty());
  add(log, "toxic.started", "p");
  CHECK(all_of(*stream) == std::string(log.at(3)->frame()));
}

TEST_CASE("what was asked for and is no longer kept is told as missed", "[event_stream]") {
  EventLog log({.events = 3});
  for (int i = 0; i < 10; ++i) add(log, "a");
  const std::string text = all_of(*stream_of_events(log, query_of("since=4&type=none")));
  CHECK(contains(text,
                 "event: events.missed\ndata: "
                 "{\"type\":\"events.missed\",\"from\":5,\"to\":7}\n\n"));
  const Json list = Json::parse(event_list_json(log, query_of("since=4")));
  CHECK(list["events"].size() == 4);
  CHECK(list["events"][0]["type"] == "events.missed");
  CHECK(list["events"][1]["seq"] == 8);
  CHECK_FALSE(contains(all_of(*stream_of_events(log, query_of("since=7"))), "missed"));
}

TEST_CASE("a client that knows another server's numbers gets all there is", "[event_stream]") {
  EventLog log;
  add(log, "a");
  add(log, "b");
  const std::string text = all_of(*stream_of_events(log, query_of("since=500")));
  CHECK(contains(text, "\"reason\":\"the numbers began anew\""));
  CHECK(contains(text, "id: 1\n"));
  CHECK(contains(text, "id: 2\n"));
  const Json list = Json::parse(event_list_json(log, query_of("since=500")));
  CHECK(list["events"][0]["from"].is_null());
  CHECK(list["events"].size() == 3);
  CHECK(list["next"] == 2);
}

TEST_CASE("a subscriber that falls off the log or stalls is dropped, with an event",
          "[event_stream]") {
  EventLog log({.events = 5});
  const auto stream = stream_of_events(log, query_of(""));
  int told = 0;
  stream->start([&] { ++told; });
  all_of(*stream);
  SECTION("it reads too slowly") {
    for (int i = 0; i < 6; ++i) add(log, "a");
    CHECK(all_of(*stream).empty());
    CHECK(stream->has_ended());
    const Json event = Json::parse(log.at(log.last())->json());
    CHECK(event["type"] == "subscriber.dropped");
    CHECK(contains(event["reason"], "no longer kept"));
    CHECK(event["cause"] == "events");
  }
  SECTION("it does not read") {
    stream->on_stalled();
    CHECK(log.at(1)->type() == "subscriber.dropped");
    CHECK(all_of(*stream).empty());
  }
  const std::uint64_t last = log.last();
  const int before = told;
  add(log, "a");
  CHECK(told == before);  // It is not told any more,
  stream->on_stalled();
  all_of(*stream);
  CHECK(log.last() == last + 1);  // nor dropped twice.
}

TEST_CASE("a large event is not copied for each of its readers", "[event_stream]") {
  EventLog log;
  const auto stream = stream_of_events(log, query_of(""));
  all_of(*stream);
  log.add({.type = "a", .after = json_string(std::string(3'000'000, 'x'))});
  add(log, "b");
  const std::string text = all_of(*stream, 64 << 10);
  CHECK((text == std::string(log.at(1)->frame()) + std::string(log.at(2)->frame())));
}

TEST_CASE("a list has the last events, or those behind a number, and says what is next",
          "[event_stream]") {
  EventLog log;
  const auto list = [&](const std::string& query) {
    return Json::parse(event_list_json(log, query_of(query)));
  };
  CHECK(list("") == Json::parse(R"({"events":[],"next":0})"));
  for (int i = 0; i < 250; ++i) add(log, i % 2 == 0 ? "even" : "odd");
  Json last = list("");
  CHECK(last["events"].size() == 100);
  CHECK(last["events"][0]["seq"] == 151);
  CHECK(last["next"] == 250);
  const Json first = list("since=0&limit=10");
  CHECK(first["events"].size() == 10);
  CHECK(first["events"][9]["seq"] == 10);
  CHECK(first["next"] == 10);
  const Json odd = list("since=200&type=odd");
  CHECK(odd["events"].size() == 25);
  CHECK(odd["next"] == 250);
  CHECK(list("type=odd&limit=2")["events"][0]["seq"] == 248);
}

TEST_CASE("the answer is a list for who takes JSON alone, else a stream", "[event_stream]") {
  EventLog log;
  const auto response_to = [&](const HttpHeaders& headers) {
    return event_response(log,
                          {.method = "GET", .target = "/v1/events", .headers = headers, .body = ""},
                          query_of("since=0"));
  };
  CHECK(response_to({{"Accept", "application/json"}}).stream == nullptr);
  CHECK(response_to({{"Accept", "application/json"}}).body == R"({"events":[],"next":0})");
  CHECK(response_to({}).stream != nullptr);
  CHECK(response_to({{"Accept", "*/*"}}).stream != nullptr);
  CHECK(response_to({{"Accept", "text/event-stream, application/json"}}).stream != nullptr);
  CHECK(*find_header(response_to({}).headers, "Content-Type") == "text/event-stream");
}

}  // namespace
}  // namespace faultline
