// What each toxic does to real connections.

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

/// How long after `start` the socket has the first byte, then `count` of them.
struct Arrival {
  milliseconds first;
  milliseconds last;
};
Arrival arrival_of(const Socket& socket, std::size_t count, Clock::time_point start) {
  const auto since = [&] { return std::chrono::duration_cast<milliseconds>(Clock::now() - start); };
  socket.receive(1);
  const milliseconds first = since();
  if (count > 1) socket.receive(count - 1);
  return {first, since()};
}

}  // namespace

TEST_CASE("latency delays each direction, without making it slower", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(),
      R"({"type":"latency","name":"d","attributes":{"latency":100}},)"
      R"({"type":"latency","name":"u","stream":"upstream","attributes":{"latency":50}})");
  const Socket client = Socket::connect(listen);
  for (int i = 0; i < 3; ++i) {
    const milliseconds took = time_of([&] { round_trip(client, "x"); });
    CHECK(took >= milliseconds(149));
    CHECK(took < bound(milliseconds(190)));
  }
  const std::string bytes = noise(5'000'000);
  const auto start = Clock::now();
  std::jthread sender([&] { client.send(bytes); });
  const std::string back = client.receive(bytes.size());
  sender.join();
  CHECK((back == bytes));
  CHECK(Clock::now() - start < bound(milliseconds(1500)));
}

TEST_CASE("K16: two latencies add up", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen =
      world.add_proxy("p", upstream.address(),
                      R"({"type":"latency","name":"a","attributes":{"latency":60}},)"
                      R"({"type":"latency","name":"b","attributes":{"latency":40}})");
  const Socket client = Socket::connect(listen);
  const milliseconds took = time_of([&] { round_trip(client, "x"); });
  CHECK(took >= milliseconds(99));
  CHECK(took < bound(milliseconds(130)));
}

TEST_CASE("K16: an end without data is not delayed by latency, one after data follows it",
          "[toxics]") {
  World world;
  const Server silent_end([](const Socket& peer) {
    peer.receive(1);
    return Then::kClose;
  });
  const std::string toxic = R"({"type":"latency","attributes":{"latency":5000}})";
  const Socket client = Socket::connect(world.add_proxy("p", silent_end.address(), toxic));
  client.send("x");
  CHECK(client.receive_all(bound(milliseconds(300))).ending == Ending::kFinish);

  const Server last_word(say("goodbye"));
  const std::string short_toxic = R"({"type":"latency","attributes":{"latency":100}})";
  const Socket second = Socket::connect(world.add_proxy("q", last_word.address(), short_toxic));
  const auto start = Clock::now();
  const Received received = second.receive_all();
  CHECK(received.bytes == "goodbye");
  CHECK(received.ending == Ending::kFinish);
  CHECK(Clock::now() - start >= milliseconds(90));
  CHECK(Clock::now() - start < bound(milliseconds(300)));
}

TEST_CASE("bandwidth keeps to its rate, either way", "[toxics]") {
  World world;
  const Server upstream(echo());
  for (const std::string stream : {"upstream", "downstream"}) {
    const std::string listen = world.add_proxy(
        stream, upstream.address(),
        R"({"type":"bandwidth","attributes":{"rate":1000},"stream":")" + stream + R"("})");
    const Socket client = Socket::connect(listen);
    const std::string bytes = noise(480'000);
    const auto start = Clock::now();
    client.send(bytes);
    CHECK((client.receive(bytes.size()) == bytes));
    const auto took = Clock::now() - start;
    INFO(stream << ": " << std::chrono::duration<double>(took).count() << " s");
    CHECK(took >= milliseconds(470));
    CHECK(took < bound(milliseconds(560)));
  }
}

TEST_CASE("bandwidth: data leaves after its transmission time, with no burst after idling",
          "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen =
      world.add_proxy("p", upstream.address(), R"({"type":"bandwidth","attributes":{"rate":10}})");
  const Socket client = Socket::connect(listen);
  pause_for(milliseconds(300));
  const auto start = Clock::now();
  client.send(std::string(3000, 'x'));
  const Arrival arrival = arrival_of(client, 3000, start);
  CHECK(arrival.first < bound(milliseconds(150)));
  CHECK(arrival.last >= milliseconds(295));
  CHECK(arrival.last < bound(milliseconds(380)));
}

TEST_CASE("K9: bandwidth 0 is a lossless stall that removal releases", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  for (const std::string rate : {"0", "-1", "-9223372036854775808"}) {
    INFO(rate);
    const Socket client = Socket::connect(listen);
    CHECK(round_trip(client, "before") == "before");
    world.add_toxic("p", R"({"type":"bandwidth","attributes":{"rate":)" + rate + "}}");
    client.send("held");
    client.shut_down_write();
    CHECK(client.is_quiet_for(milliseconds(200)));
    world.remove_toxic("p", "bandwidth_downstream");
    const Received received = client.receive_all(bound(milliseconds(500)));
    CHECK(received.bytes == "held");
    CHECK(received.ending == Ending::kFinish);
  }
}

TEST_CASE("slow_close delays the end, not the data, nor the other way", "[toxics]") {
  World world;
  const Server upstream(say("data"));
  const std::string listen = world.add_proxy("p", upstream.address(),
                                             R"({"type":"slow_close","attributes":{"delay":200}})");
  const Socket client = Socket::connect(listen);
  const auto start = Clock::now();
  CHECK(client.receive(4) == "data");
  CHECK(Clock::now() - start < bound(milliseconds(100)));
  client.send("still flows");
  CHECK(client.receive_all().ending == Ending::kFinish);
  CHECK(Clock::now() - start >= milliseconds(195));
  CHECK(Clock::now() - start < bound(milliseconds(280)));
}

TEST_CASE("timeout swallows data, and closes an idle connection when its time is up", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address(),
                                             R"({"type":"timeout","attributes":{"timeout":300}})");
  const Socket idle = Socket::connect(listen);
  const Socket busy = Socket::connect(listen);
  const auto start = Clock::now();
  busy.send("lost");
  CHECK(idle.receive_all().ending == Ending::kFinish);
  const Received received = busy.receive_all();
  CHECK(received.bytes.empty());
  CHECK(received.ending == Ending::kFinish);
  CHECK(Clock::now() - start >= milliseconds(290));
  CHECK(Clock::now() - start < bound(milliseconds(400)));
}

TEST_CASE("timeout 0 never closes by itself; the end of its stream closes at once", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen =
      world.add_proxy("p", upstream.address(), R"({"type":"timeout","stream":"upstream"})");
  const Socket client = Socket::connect(listen);
  client.send("lost");
  CHECK(client.is_quiet_for(milliseconds(300)));
  client.shut_down_write();
  CHECK(client.receive_all(bound(milliseconds(300))).ending == Ending::kFinish);
}

TEST_CASE("B15: timeout closes when its time is up although bytes keep arriving", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket client = Socket::connect(listen);
  CHECK(round_trip(client, "ping") == "ping");
  world.add_toxic("p", R"({"type":"timeout","stream":"upstream","attributes":{"timeout":1000}})");
  const auto start = Clock::now();
  while (client.is_quiet_for(milliseconds(10)) && Clock::now() - start < milliseconds(5000)) {
    client.send_some("ping");
  }
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
  CHECK(client.receive_all().ending != Ending::kOpen);
  CHECK(took >= milliseconds(980));
  CHECK(took < milliseconds(1000) + bound(milliseconds(20)));
}

TEST_CASE("slicer cuts data into pieces with pauses, losing none", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(),
      R"({"type":"slicer","attributes":{"average_size":8,"size_variation":0,"delay":20000}})");
  const Socket client = Socket::connect(listen);
  const std::string bytes = noise(64);
  const auto start = Clock::now();
  client.send(bytes);
  std::string back;
  int pieces = 0;
  while (back.size() < bytes.size()) {
    back += client.receive_some(SIZE_MAX).bytes;
    ++pieces;
  }
  CHECK((back == bytes));
  CHECK(pieces == 8);
  CHECK(Clock::now() - start >= milliseconds(138));
  CHECK(Clock::now() - start < bound(milliseconds(220)));
}

TEST_CASE("F2: a slicer without an average size does not slice", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen =
      world.add_proxy("p", upstream.address(),
                      R"({"type":"slicer","attributes":{"size_variation":9,"delay":1000000}})");
  const Socket client = Socket::connect(listen);
  client.send(std::string(1000, 'x'));
  CHECK(client.receive_some(SIZE_MAX).bytes.size() == 1000);
}

TEST_CASE("limit_data passes so many bytes and closes the whole connection", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address(),
                                             R"({"type":"limit_data","attributes":{"bytes":100}})");
  SECTION("the last bytes are cut to fit") {
    const Socket client = Socket::connect(listen);
    const std::string bytes = noise(150);
    client.send(bytes);
    const Received received = client.receive_all();
    CHECK(received.bytes == bytes.substr(0, 100));
    CHECK(received.ending == Ending::kFinish);
  }
  SECTION("an exact match closes too") {
    const Socket client = Socket::connect(listen);
    CHECK(round_trip(client, std::string(60, 'a')).size() == 60);
    client.send(std::string(40, 'b'));
    const Received received = client.receive_all();
    CHECK(received.bytes.size() == 40);
    CHECK(received.ending == Ending::kFinish);
  }
  SECTION("0 closes at the first byte, and not before") {
    world.change_toxic("p", "limit_data_downstream", R"({"attributes":{"bytes":0}})");
    const Socket client = Socket::connect(listen);
    CHECK(client.is_quiet_for(milliseconds(100)));
    client.send("x");
    const Received received = client.receive_all();
    CHECK(received.bytes.empty());
    CHECK(received.ending == Ending::kFinish);
  }
  SECTION("a latency behind it still delays the last bytes") {
    world.add_toxic("p", R"({"type":"latency","attributes":{"latency":100}})");
    const Socket client = Socket::connect(listen);
    const auto start = Clock::now();
    client.send(std::string(100, 'x'));
    CHECK(client.receive_all().bytes.size() == 100);
    CHECK(Clock::now() - start >= milliseconds(99));
  }
}

TEST_CASE("K16: limit_data goes on counting across updates", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address(),
                                             R"({"type":"limit_data","attributes":{"bytes":100}})");
  const Socket client = Socket::connect(listen);
  CHECK(round_trip(client, std::string(80, 'a')).size() == 80);
  world.change_toxic("p", "limit_data_downstream", R"({"attributes":{"bytes":120}})");
  client.send(std::string(100, 'b'));
  CHECK(client.receive_all().bytes == std::string(40, 'b'));

  const Socket second = Socket::connect(listen);
  CHECK(round_trip(second, std::string(80, 'a')).size() == 80);
  world.change_toxic("p", "limit_data_downstream", R"({"attributes":{"bytes":50}})");
  CHECK(second.is_quiet_for(milliseconds(100)));
  second.send("x");
  const Received received = second.receive_all();
  CHECK(received.bytes.empty());
  CHECK(received.ending == Ending::kFinish);
}

TEST_CASE("B21: limits are counted for each connection by itself", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"type":"limit_data","attributes":{"bytes":1000}})");
  const Socket one = Socket::connect(listen);
  const Socket two = Socket::connect(listen);
  for (int i = 0; i < 9; ++i) {
    REQUIRE(round_trip(one, std::string(100, '1')) == std::string(100, '1'));
    REQUIRE(round_trip(two, std::string(100, '2')) == std::string(100, '2'));
  }
  one.send(std::string(200, '1'));
  CHECK(one.receive_all().bytes.size() == 100);
  two.send(std::string(200, '2'));
  CHECK(two.receive_all().bytes.size() == 100);
}

TEST_CASE("reset_peer resets both peers after its wait", "[toxics]") {
  World world;
  std::atomic<int> resets = 0;
  const Server upstream([&](const Socket& peer) {
    if (peer.receive_all().ending == Ending::kReset) ++resets;
    return Then::kClose;
  });
  const std::string listen =
      world.add_proxy("p", upstream.address(),
                      R"({"type":"reset_peer","stream":"upstream","attributes":{"timeout":200}})");
  const Socket client = Socket::connect(listen);
  const auto start = Clock::now();
  client.send("x");
  CHECK(client.receive_all().ending == Ending::kReset);
  CHECK(Clock::now() - start >= milliseconds(195));
  CHECK(Clock::now() - start < bound(milliseconds(280)));
  CHECK(eventually([&] { return resets == 1; }));
}

TEST_CASE("F7: reset_peer removed in time loses nothing, and later closes are clean", "[toxics]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"type":"reset_peer","attributes":{"timeout":60000}})");
  const Socket client = Socket::connect(listen);
  client.send("held, not lost");
  CHECK(client.is_quiet_for(milliseconds(100)));
  CHECK(time_of([&] { world.remove_toxic("p", "reset_peer_downstream"); }) <
        bound(milliseconds(100)));
  CHECK(client.receive(14) == "held, not lost");
  client.shut_down_write();
  CHECK(client.receive_all().ending == Ending::kFinish);
}

}  // namespace faultline::test
