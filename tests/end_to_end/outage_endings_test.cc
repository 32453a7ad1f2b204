// What peers see of each kind of end, of connecting that fails, and of toxics that come and go.

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <memory>
#include <string>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

constexpr milliseconds kSilence{150};

}  // namespace

TEST_CASE("refuse: new clients are refused, open ones reset, and the same port opens again",
          "[outages]") {
  Line line;  // Its port was chosen by the kernel.
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  line.fault("refuse");
  CHECK(ending_of(client) == Ending::kReset);
  for (int i = 0; i < 3; ++i) CHECK(answer_to(knock(line.listen)) == ECONNREFUSED);
  line.heal();
  CHECK(round_trip(line.connect(), "after") == "after");

  // The same for a port that was asked for.
  REQUIRE(line.world.api.remove("/proxies/p").status == 204);
  const Reply made =
      line.world.api.post("/proxies", R"({"name":"p","listen":")" + line.listen +
                                          R"(","upstream":")" + line.upstream.address() + R"("})");
  REQUIRE(made.status == 201);
  line.fault("refuse");
  CHECK(answer_to(knock(line.listen)) == ECONNREFUSED);
  line.heal();
  CHECK(round_trip(line.connect(), "after") == "after");
}

TEST_CASE("a refusal for some accepts them and tells RST", "[outages]") {
  Line line;
  line.add(R"("type":"refuse","match":{"clients":["127.0.0.9"]})");
  CHECK(is_reset(knock(line.listen, "127.0.0.9")));
  CHECK(round_trip(line.connect(), "spared") == "spared");
  line.heal();

  line.add(R"("type":"refuse","toxicity":0.5,"attributes":{"scope":"new"})");
  int resets = 0;
  int spared = 0;
  for (int i = 0; i < 24; ++i) {
    const Socket client = knock(line.listen);
    if (is_reset(client)) {
      ++resets;
    } else if (round_trip(client, "x") == "x") {
      ++spared;
    }
  }
  CHECK(resets + spared == 24);
  CHECK(resets >= 3);
  CHECK(spared >= 3);
}

TEST_CASE("reset, refuse and close end what the scope says", "[outages]") {
  for (const std::string type : {"reset", "refuse", "close"}) {
    CAPTURE(type);
    const Ending end = type == "close" ? Ending::kFinish : Ending::kReset;
    Line line;
    const Socket first = line.connect();
    REQUIRE(round_trip(first, "before") == "before");
    line.fault(type, R"("scope":"new")");
    const Socket late = knock(line.listen);
    if (type == "refuse") CHECK(answer_to(late) == ECONNREFUSED);
    if (type == "reset") CHECK(is_reset(late));
    if (type == "close") CHECK(ending_of(late) == end);
    CHECK(round_trip(first, "spared") == "spared");
    line.heal();

    line.fault(type, R"("scope":"open")");
    CHECK(ending_of(first) == end);
    CHECK(round_trip(line.connect(), "new") == "new");
    line.heal();
  }
}

TEST_CASE("reset and close are told to idle clients, new clients and the upstream", "[outages]") {
  for (const std::string type : {"reset", "close"}) {
    CAPTURE(type);
    const Ending end = type == "close" ? Ending::kFinish : Ending::kReset;
    std::atomic<int> told = 0;
    Line line({}, [&](const Socket& peer) {
      peer.send("hello");
      if (ending_of(peer, std::chrono::hours(1)) == end) ++told;
      return Then::kClose;
    });
    const Socket idle = line.connect();
    REQUIRE(idle.receive(5) == "hello");  // So the proxy knows of both sides.
    line.fault(type);
    CHECK(ending_of(idle) == end);
    CHECK(eventually([&] { return told == 1; }));
    const Socket late = knock(line.listen);
    CHECK(is_reset(late) == (type == "reset"));
    if (type == "close") CHECK(ending_of(late) == end);
    line.heal();
  }
}

TEST_CASE("a half-close ends one direction, the other goes on", "[outages]") {
  Line line({}, [](const Socket& peer) {
    const Received all = peer.receive_all(std::chrono::hours(1));
    if (all.ending == Ending::kFinish) peer.send("got " + all.bytes);
    return Then::kKeepOpen;
  });
  const Socket client = line.connect();
  client.send("a question");
  const std::string sent = R"(faultline_sent_bytes_total{proxy="p",direction="upstream"})";
  REQUIRE(eventually([&] { return line.world.metric(sent) == 10; }));
  line.add(R"("type":"half_close","stream":"upstream")");
  CHECK(client.receive(14) == "got a question");
  // What is said now is swallowed, and nobody blocks.
  client.send(std::string(10'000'000, 's'), milliseconds(5'000));
  CHECK(client.is_quiet_for(kSilence));
}

TEST_CASE("a half-close of the answers leaves the questions", "[outages]") {
  std::atomic<std::size_t> heard = 0;
  Line line({}, [&](const Socket& peer) {
    for (;;) {
      const Received some = peer.receive_some(SIZE_MAX, std::chrono::hours(1));
      if (some.bytes.empty()) return Then::kClose;
      heard += some.bytes.size();
      peer.send(std::string(some.bytes.size(), 'a'));  // Swallowed; does not block us.
    }
  });
  const Socket client = line.connect();
  REQUIRE(long_trip(client, "12345") == "aaaaa");
  line.add(R"("type":"half_close","stream":"downstream")");
  CHECK(ending_of(client) == Ending::kFinish);
  client.send(std::string(10'000'000, 'q'), milliseconds(5'000));
  CHECK(eventually([&] { return heard == 10'000'005; }));
}

TEST_CASE("a half-close of the answers loses no question, though the client ends first",
          "[outages]") {
  std::atomic<std::size_t> heard = 0;
  std::atomic<bool> has_finished = false;
  Line line({}, [&](const Socket& peer) {
    for (;;) {
      const Received some = peer.receive_some(64 * 1024, std::chrono::hours(1));
      heard += some.bytes.size();
      has_finished = some.ending == Ending::kFinish;
      if (some.bytes.empty()) return Then::kClose;
      peer.send("an answer");  // Swallowed, also after the last question has gone out.
      pause_for(milliseconds(1));
    }
  });
  const Socket client = line.connect();
  line.add(R"("type":"half_close","stream":"downstream")");
  CHECK(ending_of(client) == Ending::kFinish);
  client.send(std::string(10'000'000, 'q'));
  client.shut_down_write();
  CHECK(eventually([&] { return heard == 10'000'000 && has_finished; }));
  const std::string active = R"(faultline_connections_active{proxy="p"})";
  CHECK(eventually([&] { return line.world.metric(active) == 0; }));
}

TEST_CASE("a half-close of the questions loses no answer, though the client talks on",
          "[outages]") {
  const std::string answer = noise(8'000'000);
  Line line({}, answer_at_finish(answer));
  const Socket client = line.connect();
  line.add(R"("type":"half_close","stream":"upstream")");
  std::string got;
  Received some;
  while (some.ending == Ending::kOpen) {
    client.send_some("and another thing");
    pause_for(milliseconds(1));
    some = client.receive_some(64 * 1024);
    got += some.bytes;
  }
  CHECK(some.ending == Ending::kFinish);
  CHECK(got.size() == answer.size());
  CHECK(sha256(got) == sha256(answer));
}

TEST_CASE("a time limit ends busy and idle connections, with FIN or RST", "[outages]") {
  for (const std::string how : {"close", "reset"}) {
    CAPTURE(how);
    const Ending end = how == "close" ? Ending::kFinish : Ending::kReset;
    Line line;
    line.fault("limit_time", R"("time":200,"how":")" + how + R"(")");
    const Clock::time_point start = Clock::now();
    const Socket idle = line.connect();
    const Socket busy = line.connect();
    Received got;
    while (got.ending == Ending::kOpen && Clock::now() - start < kPatience) {
      busy.send_some("tick");
      got = busy.receive_some(64, milliseconds(20));
    }
    // The call that wrote may have been told of RST in place of the one that read.
    CHECK(got.ending != Ending::kOpen);
    CHECK(ending_of(idle) == end);
    const auto time = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    CHECK(time >= milliseconds(195));
    CHECK(time < milliseconds(200) + bound(milliseconds(150)));
  }
}

TEST_CASE("with a full backlog connecting hangs while open connections go on", "[outages]") {
  Line line;
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  line.fault("accept_backlog_full");
  const Socket first = knock(line.listen);
  const Socket second = knock(line.listen);
  CHECK_FALSE(answer_to(first, kSilence));
  CHECK_FALSE(answer_to(second, milliseconds(10)));
  CHECK(info_of(first).tcpi_state == TCP_SYN_SENT);
  CHECK(round_trip(client, "goes on") == "goes on");
  CHECK(line.upstream.accepted() == 1);
  line.heal();
  REQUIRE(answer_to(first) == 0);
  REQUIRE(answer_to(second) == 0);
  CHECK(round_trip(first, "first") == "first");
  CHECK(round_trip(second, "second") == "second");
  CHECK(line.upstream.accepted() == 3);
}

TEST_CASE("a connect delay accepts at once and dials later", "[outages]") {
  Line line;
  line.fault("connect_delay", R"("delay":300)");
  const Clock::time_point start = Clock::now();
  const Socket client = line.connect();
  client.send("early");
  CHECK(Clock::now() - start < bound(milliseconds(100)));
  CHECK(client.is_quiet_for(milliseconds(150)));
  CHECK(line.upstream.accepted() == 0);
  CHECK(client.receive(5) == "early");
  CHECK(Clock::now() - start >= milliseconds(299));
}

TEST_CASE("upstream_down mirrors the upstream: refused while it is down, and back in a second",
          "[outages]") {
  World world;
  auto upstream = std::make_unique<Server>(echo());
  const std::string address = upstream->address();
  const std::string listen = world.add_proxy("p", address);
  world.add_toxic("p", R"({"type":"upstream_down"})");
  CHECK(round_trip(Socket::connect(listen), "up") == "up");
  upstream.reset();
  CHECK(eventually([&] { return answer_to(knock(listen)) == ECONNREFUSED; }, milliseconds(2'000)));
  pause_for(milliseconds(300));
  CHECK(answer_to(knock(listen)) == ECONNREFUSED);
  upstream = std::make_unique<Server>(echo(), address);
  const milliseconds time =
      time_of([&] { CHECK(eventually([&] { return answer_to(knock(listen)) == 0; })); });
  CHECK(time < bound(milliseconds(1'000)));
  CHECK(round_trip(Socket::connect(listen), "up again") == "up again");
}

TEST_CASE("upstream_down with mode reset tells RST to those whose dial failed", "[outages]") {
  World world;
  std::string nobody;
  { nobody = Socket::listen("127.0.0.1:0").local_address(); }
  const std::string listen = world.add_proxy("p", nobody);
  CHECK(ending_of(Socket::connect(listen)) == Ending::kFinish);
  world.add_toxic("p", R"({"type":"upstream_down","attributes":{"mode":"reset"}})");
  CHECK(is_reset(knock(listen)));
}

}  // namespace faultline::test
