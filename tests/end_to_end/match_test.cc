// Whom a toxic hits: shares, clients, new and open connections; what its end does; its limits.

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/line.h"

namespace faultline::test {
namespace {

using nlohmann::json;

/// So that a late answer of an idle machine is not taken for one that was held.
constexpr milliseconds kHeld{1'000};

/// Whether what `socket` sends comes back at once.
bool is_answered(const Socket& socket) {
  socket.send("x");
  return !socket.receive_some(1, kHeld).bytes.empty();
}

std::string sample(const std::string& metric, const std::string& toxic, const std::string& type) {
  return "faultline_toxic_" + metric + "{proxy=\"p\",toxic=\"" + toxic + "\",type=\"" + type +
         "\",direction=\"downstream\"}";
}

/// Connections in a known order: each is there before the next is made.
std::vector<Socket> connect_in_order(const Line& line, int count) {
  std::vector<Socket> all;
  for (int i = 0; i < count; ++i) {
    const int before = line.upstream.accepted();
    all.push_back(line.connect());
    REQUIRE(eventually([&] { return line.upstream.accepted() == before + 1; }));
  }
  return all;
}

/// "x" for each that is stalled, "." for each that is not.
std::string stalled(const std::vector<Socket>& all) {
  std::string picture;
  for (const Socket& socket : all) socket.send("x");
  const auto until = Clock::now() + kHeld;
  for (const Socket& socket : all) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const milliseconds patience = std::max(left, milliseconds(20));
    picture += socket.receive_some(1, patience).bytes.empty() ? 'x' : '.';
  }
  return picture;
}

std::string stalled_with_seed(const std::string& seed) {
  Line line({"--seed", seed, "--workers", "2"});
  line.add(R"("type":"stall","match":{"connections":"30%"})");
  return stalled(connect_in_order(line, 12));
}

json toxics_of(Line& line) {
  return json::parse(line.world.api.get("/proxies/p/toxics").body);
}

/// The log is read as it comes.
bool is_logged(const Line& line, const std::string& text) {
  return eventually([&] { return line.world.server.log().find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a share hits the same connections with the same seed", "[match]") {
  const std::string first = stalled_with_seed("5");
  CHECK(first.find('x') != std::string::npos);
  CHECK(first.find('.') != std::string::npos);
  CHECK(stalled_with_seed("5") == first);
  CHECK(stalled_with_seed("6") != first);
}

TEST_CASE("a share by client hits all connections of a client or none", "[match]") {
  Line line;
  line.add(R"("type":"stall","match":{"connections":"50%","by":"client"})");
  std::string picture;
  for (int client = 1; client <= 8; ++client) {
    std::vector<Socket> all;
    for (int i = 0; i < 2; ++i) {
      all.push_back(knock(line.listen, "127.0.1." + std::to_string(client)));
      REQUIRE(answer_to(all.back()) == 0);
    }
    const std::string both = stalled(all);
    CHECK((both == "xx" || both == ".."));
    picture += both.front();
  }
  INFO(picture);
  CHECK(picture.find('x') != std::string::npos);
  CHECK(picture.find('.') != std::string::npos);
}

TEST_CASE("clients that are named to be spared are, whatever carries the toxic out", "[match]") {
  const std::string type = GENERATE("blackhole", "refuse", "accept_backlog_full", "stall");
  CAPTURE(type);
  Line line;
  line.add(R"("type":")" + type + R"(","match":{"not_clients":["127.0.1.1"]})");
  const Socket spared = knock(line.listen, "127.0.1.1");
  REQUIRE(answer_to(spared) == 0);
  CHECK(round_trip(spared, "hello") == "hello");
  const Socket hit = knock(line.listen, "127.0.1.2");
  if (type == "refuse") {
    CHECK(is_reset(hit));  // Not refused.
  } else {
    REQUIRE(answer_to(hit) == 0);  // Accepted, and silent after that.
    CHECK_FALSE(is_answered(hit));
  }
}

TEST_CASE("a toxic for new connections spares those that are open, and the other way round",
          "[match]") {
  const std::string affects = GENERATE("new", "open");
  CAPTURE(affects);
  Line line;
  const Socket old = line.connect();
  REQUIRE(round_trip(old, "a") == "a");
  line.add(R"("type":"stall","affects":")" + affects + "\"");
  const Socket young = line.connect();
  CHECK(is_answered(old) == (affects == "new"));
  CHECK(is_answered(young) == (affects == "open"));
}

TEST_CASE("what a removed toxic was on ends as it says, before the call returns", "[match]") {
  const auto [how, ending] =
      GENERATE(table<std::string, Ending>({{"close", Ending::kFinish}, {"reset", Ending::kReset}}));
  CAPTURE(how);
  Line line({"--workers", "2"});
  line.add(R"("type":"latency","attributes":{"latency":1},"on_remove":")" + how +
           R"(","match":{"clients":["127.0.1.1"]})");
  std::vector<Socket> hit;
  for (int i = 0; i < 6; ++i) {
    hit.push_back(knock(line.listen, "127.0.1.1"));
    REQUIRE(answer_to(hit.back()) == 0);
    REQUIRE(round_trip(hit.back(), "a") == "a");
  }
  const Socket spared = line.connect();
  REQUIRE(round_trip(spared, "a") == "a");
  line.world.change_toxic("p", "down", R"({"attributes":{"latency":2}})");
  REQUIRE(round_trip(hit.front(), "a") == "a");  // Only changed.
  if (GENERATE(true, false)) {
    line.heal();
  } else {
    line.world.api.post("/reset", "");
  }
  for (const Socket& socket : hit) CHECK(ending_of(socket, milliseconds(2'000)) == ending);
  CHECK(round_trip(spared, "b") == "b");
}

TEST_CASE("a pulse that is off removes nothing", "[match]") {
  Line line;
  line.add(R"("type":"noop","on_remove":"reset","pulse":{"on":"20ms","off":"20ms"})");
  const Socket socket = line.connect();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(round_trip(socket, "a") == "a");
    pause_for(milliseconds(15));
  }
}

TEST_CASE("a shadow counts and does nothing, until it is made live", "[match]") {
  Line line({"--workers", "2"});
  line.add(R"("type":"stall","shadow":true,"match":{"connections":"50%"})");
  CHECK(toxics_of(line)[0]["shadow"] == true);
  const std::vector<Socket> all = connect_in_order(line, 10);
  CHECK(stalled(all) == "..........");
  const double matched = line.world.metric(sample("matched_total", "down", "stall"));
  CHECK(line.world.metric(sample("met_total", "down", "stall")) == 10);
  CHECK((matched > 0 && matched < 10));
  CHECK(line.world.metric(sample("applied_total", "down", "stall")) == 0);

  line.world.change_toxic("p", "down", R"({"shadow":false})");
  CHECK_FALSE(toxics_of(line)[0].contains("shadow"));
  const std::string picture = stalled(all);
  CHECK(static_cast<double>(std::count(picture.begin(), picture.end(), 'x')) ==
        matched);  // Those it had chosen.
  CHECK(line.world.metric(sample("matched_total", "down", "stall")) == matched);
  CHECK(line.world.metric(sample("applied_total", "down", "stall")) == matched);
  CHECK(line.world.metric(sample("delayed_bytes_total", "down", "stall")) == matched);
}

TEST_CASE("the connection beyond a toxic's limit is not touched, and the toxic ends", "[match]") {
  Line line({"--workers", "2"});
  line.add(R"("type":"stall","limits":{"max_connections":3})");
  const std::vector<Socket> all = connect_in_order(line, 3);
  CHECK(stalled(all) == "xxx");
  const Socket next = line.connect();
  CHECK(round_trip(next, "untouched") == "untouched");
  for (const Socket& socket : all) CHECK(socket.receive(1) == "x");  // It is taken off those.
  CHECK(eventually([&] { return toxics_of(line).empty(); }));
  CHECK(is_logged(line, "max_connections 3 reached"));
  const Reply events = line.world.api.request("GET", "/v1/events?type=toxic.ended", "",
                                              {{"Accept", "application/json"}});
  CHECK(events.body.find(R"("cause":"limit")") != std::string::npos);
  CHECK(events.body.find(R"("connections":3)") != std::string::npos);
}

TEST_CASE("a toxic that is put on too many open connections at once ends at once", "[match]") {
  Line line({"--workers", "2"});
  const std::vector<Socket> all = connect_in_order(line, 20);
  line.add(R"("type":"reset","limits":{"max_connections":4})");
  CHECK(eventually([&] { return toxics_of(line).empty(); }));
  int reset = 0;
  for (const Socket& socket : all) reset += is_reset(socket) ? 1 : 0;
  CHECK(reset == 4);
}

TEST_CASE("a toxic ends where it would hit a larger share than it may", "[match]") {
  Line line({"--workers", "2"});
  const std::vector<Socket> all = connect_in_order(line, 20);
  line.add(R"("type":"reset","match":{"connections":"100%"},"limits":{"max_share":"20%"})");
  CHECK(eventually([&] { return toxics_of(line).empty(); }));
  CHECK(is_logged(line, "max_share 20% reached"));
  int reset = 0;
  for (const Socket& socket : all) reset += is_reset(socket) ? 1 : 0;
  CHECK((reset > 0 && reset <= 4));
}

TEST_CASE("a toxic ends once it has held the bytes it may, and lets go of them", "[match]") {
  Line line({"--workers", "2"});
  line.add(R"("type":"stall","on_remove":"resume","limits":{"max_bytes_delayed":"1KB"})");
  const Socket socket = line.connect();
  socket.send(std::string(1'000, 'a'));
  CHECK(socket.is_quiet_for(kHeld));
  CHECK(toxics_of(line).size() == 1);
  CHECK(long_trip(line.connect(), "b") == "b");  // One byte more, on another connection.
  CHECK(socket.receive(1'000) == std::string(1'000, 'a'));
  CHECK(eventually([&] { return toxics_of(line).empty(); }));
  CHECK(is_logged(line, "max_bytes_delayed 1000 reached"));
}

TEST_CASE("a toxic that ends at its limit ends its connections, if its removal does", "[match]") {
  Line line({"--workers", "2"});
  line.add(R"("type":"stall","on_remove":"reset","limits":{"max_connections":2})");
  const std::vector<Socket> all = connect_in_order(line, 2);
  const Socket next = line.connect();
  CHECK(round_trip(next, "untouched") == "untouched");
  for (const Socket& socket : all) CHECK(ending_of(socket) == Ending::kReset);
}

}  // namespace faultline::test
