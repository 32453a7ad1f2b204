// How connections end.

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {

TEST_CASE("B18 F4: a half-close is forwarded both ways and the answer arrives whole", "[closing]") {
  World world;
  const std::string answer = noise(300'000);
  const Server upstream(answer_at_finish(answer));
  const std::vector<std::string> with = {
      "", R"({"type":"latency","attributes":{"latency":30}})",
      R"({"type":"latency","stream":"upstream","attributes":{"latency":30}})",
      R"({"type":"slow_close","stream":"upstream","attributes":{"delay":30}})",
      R"({"type":"bandwidth","attributes":{"rate":10000}})"};
  int number = 0;
  for (const std::string& toxic : with) {
    INFO(toxic);
    const std::string listen =
        world.add_proxy("p" + std::to_string(++number), upstream.address(), toxic);
    const Socket client = Socket::connect(listen);
    client.send("the question");
    client.shut_down_write();
    const Received received = client.receive_all();
    REQUIRE((received.bytes == answer));
    REQUIRE(received.ending == Ending::kFinish);
  }
  CHECK(world.server.log().find("\"level\":\"warn\"") == std::string::npos);
}

TEST_CASE("B18: the client may go on sending after the server's half-close", "[closing]") {
  World world;
  std::promise<std::string> heard;
  const Server upstream([&](const Socket& peer) {
    peer.send("all I have to say");
    peer.shut_down_write();
    heard.set_value(peer.receive_all().bytes);
    return Then::kClose;
  });
  const Socket client = Socket::connect(world.add_proxy("p", upstream.address()));
  CHECK(client.receive_all().bytes == "all I have to say");
  client.send("and now ");
  client.send("me");
  client.shut_down_write();
  CHECK(heard.get_future().get() == "and now me");
}

TEST_CASE("an end without data is passed on at once", "[closing]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket client = Socket::connect(listen);
  client.shut_down_write();
  CHECK(client.receive_all(bound(milliseconds(500))).ending == Ending::kFinish);
}

TEST_CASE("F4: RST is forwarded as RST, each way", "[closing]") {
  World world;
  SECTION("from the server") {
    const Server upstream(say_and_reset("bytes before the reset"));
    const Socket client = Socket::connect(world.add_proxy("p", upstream.address()));
    CHECK(client.receive(22) == "bytes before the reset");
    client.send("x");
    CHECK(client.receive_all().ending == Ending::kReset);
  }
  SECTION("from the client") {
    std::promise<Ending> seen;
    const Server upstream([&](const Socket& peer) {
      seen.set_value(peer.receive_all().ending);
      return Then::kClose;
    });
    Socket client = Socket::connect(world.add_proxy("p", upstream.address()));
    client.send("hello");
    REQUIRE(eventually([&] { return upstream.accepted() == 1; }));
    client.reset();
    CHECK(seen.get_future().get() == Ending::kReset);
  }
}

TEST_CASE("F4: all that was sent before a clean close arrives, also to a slow reader",
          "[closing]") {
  World world;
  const std::string bytes = noise(2'000'000);
  const Server upstream(say(bytes));
  const std::string listen =
      world.add_proxy("p", upstream.address(),
                      R"({"type":"bandwidth","stream":"upstream","attributes":{"rate":10}})");
  const Socket client = Socket::connect(listen);
  client.send_some(noise(1'000'000));  // Backed up behind the slow upstream direction.
  pause_for(milliseconds(100));
  const Received received = client.receive_all();
  CHECK(received.bytes.size() == bytes.size());
  CHECK((received.bytes == bytes));
}

TEST_CASE("an upstream that refuses: connect works, then the connection ends", "[closing]") {
  World world;
  const std::string nobody = Socket::listen("127.0.0.1:0").local_address();
  for (const std::string& upstream :
       {nobody, std::string("no-such-host.invalid:80"), std::string("no port"),
        std::string("unix:/nonexistent/socket")}) {
    INFO(upstream);
    const std::string listen = world.add_proxy("p", upstream);
    CHECK(Socket::connect(listen).receive_all().ending != Ending::kOpen);
    REQUIRE(world.api.remove("/proxies/p").status == 204);
  }
}

TEST_CASE("what the client sent before the dial was done is not lost", "[closing]") {
  World world;
  BlackHole hole;
  const std::string listen = world.add_proxy("p", hole.address());
  const Socket client = Socket::connect(listen);
  client.send("sent early");
  client.shut_down_write();
  pause_for(milliseconds(50));
  const std::optional<Socket> server = hole.heal().accept();
  REQUIRE(server);
  CHECK(server->receive_all().bytes == "sent early");
}

TEST_CASE("B2: a toxic with toxicity 0 changes neither bytes nor how a connection ends",
          "[closing]") {
  World world;
  const std::string bytes = noise(3'000'000);
  const Server upstream(say_and_close(bytes));
  std::string toxics;
  for (const std::string type : {"reset_peer", "timeout", "limit_data", "bandwidth", "latency"}) {
    for (const std::string stream : {"upstream", "downstream"}) {
      toxics += toxics.empty() ? "" : ",";
      toxics += R"({"toxicity":0,"type":")" + type + R"(","stream":")" + stream + R"("})";
    }
  }
  const std::string listen = world.add_proxy("p", upstream.address(), toxics);
  const std::size_t count = scaled_down(200);
  for (std::size_t i = 0; i < count; ++i) {
    const Socket client = Socket::connect(listen);
    if (i % 10 == 0) {
      client.set_receive_buffer(64 * 1024);
      pause_for(milliseconds(20));
    }
    const Received received = client.receive_all();
    REQUIRE(received.ending == Ending::kFinish);
    REQUIRE(received.bytes.size() == bytes.size());
    REQUIRE((received.bytes == bytes));
  }
  // Also when the server reads to the end and the client closes first.
  const Server sink(swallow());
  const std::string to_sink = world.add_proxy("q", sink.address(), toxics);
  for (std::size_t i = 0; i < count; ++i) {
    const Socket client = Socket::connect(to_sink);
    client.send("x");
    client.shut_down_write();
    REQUIRE(client.receive_all().ending == Ending::kFinish);
  }
}

TEST_CASE("F3: accepting goes on after the process ran out of files", "[closing]") {
  World world({.most_files = 64});
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  world.api.get("/version");
  {
    std::vector<Socket> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(Socket::connect(listen));
    pause_for(milliseconds(200));
  }
  CHECK(world.api.get("/version").status == 200);
  // Those that waited are accepted, and found dead, before there are files for others again.
  REQUIRE(eventually([&] {
    return world.metric("faultline_connections_total{proxy=\"p\"}") == 100 &&
           world.metric("faultline_connections_active{proxy=\"p\"}") == 0;
  }));
  const Socket client = Socket::connect(listen);
  CHECK(round_trip(client, "still here") == "still here");
}

TEST_CASE("a client that resets right after its FIN is noticed although nobody writes to it",
          "[closing]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  for (int i = 0; i < 20; ++i) {
    Socket client = Socket::connect(listen);
    const std::optional<Socket> server = listener.accept();
    REQUIRE(server);
    client.send("hello");
    client.shut_down_write();
    client.reset();
    // What was sent may be gone with the reset; the server must not be left waiting.
    Received received = server->receive_some(5);
    if (received.ending == Ending::kOpen) received = server->receive_some(1);
    if (received.ending == Ending::kFinish) {
      // FIN came first: then RST, which a write meets.
      CHECK(eventually([&] { return ::send(server->fd(), "x", 1, MSG_NOSIGNAL) < 0; }));
    }
  }
  CHECK(eventually([&] { return world.metric("faultline_connections_active{proxy=\"p\"}") == 0; }));
}

}  // namespace faultline::test
