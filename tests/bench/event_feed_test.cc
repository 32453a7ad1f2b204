#include "bench/event_feed.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

namespace faultline::bench {
namespace {

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string kComment = ": events of Faultline\n\n";

std::string chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

std::string event(int number, const std::string& type = "toxic.started") {
  return "id: " + std::to_string(number) + "\nevent: " + type + "\ndata: {}\n\n";
}

}  // namespace

TEST_CASE("a feed is the same wherever its bytes are cut", "[event_feed]") {
  const std::string bytes = kHead + chunk(kComment + event(8)) +
                            chunk(event(9, "subscriber.dropped") + event(10).substr(0, 9)) +
                            chunk(event(10).substr(9)) + chunk(": ping\n\n");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EventFeed feed(7);
    feed.take(bytes.substr(0, cut));
    feed.take(bytes.substr(cut));
    INFO(cut);
    REQUIRE(feed.fault().empty());
    REQUIRE(feed.has_begun());
    REQUIRE(feed.last() == 10);
    REQUIRE(feed.missed() == 0);
    REQUIRE(feed.drops() == 1);
  }
}

TEST_CASE("a feed has begun with its first comment, not with its head", "[event_feed]") {
  EventFeed feed(7);
  feed.take(kHead);
  CHECK_FALSE(feed.has_begun());
  feed.take(chunk(kComment));
  CHECK(feed.has_begun());
  CHECK(feed.last() == 7);
}

TEST_CASE("events that did not come are counted, the first ones too", "[event_feed]") {
  EventFeed feed(7);
  feed.take(kHead + chunk(kComment + event(9) + event(10) + event(13)));
  CHECK(feed.missed() == 3);
  CHECK(feed.last() == 13);
  CHECK(feed.fault().empty());
}

TEST_CASE("what is no proper feed is a fault", "[event_feed]") {
  EventFeed refused(0);
  refused.take("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  CHECK(refused.fault() == "HTTP/1.1 503 Service Unavailable");

  EventFeed twice(0);
  twice.take(kHead + chunk(event(1) + event(1)));
  CHECK(twice.fault() == "event 1 came after 1");

  EventFeed told(0);
  told.take(kHead + chunk("event: events.missed\ndata: {}\n\n"));
  CHECK_FALSE(told.fault().empty());

  EventFeed garbled(0);
  garbled.take(kHead + "nonsense\r\n");
  CHECK(garbled.fault() == "not a chunk: nonsense");
}

}  // namespace faultline::bench
