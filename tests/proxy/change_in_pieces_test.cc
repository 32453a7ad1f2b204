// Changes that take a worker several turns, seen by connections that it has not come to yet.

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>
#include <vector>

#include "proxy/shard.h"
#include "proxy/worker.h"
#include "tests/proxy/zoned_world.h"

namespace faultline::test {
namespace {

constexpr milliseconds kQuiet{50};

/// A worker with a proxy, `p`, whose changes come to no connection until they may.
struct HeldUp final : ConnectionWorld, ChangeObserver {
  HeldUp() : ConnectionWorld(1) { registry.observe(this); }
  ~HeldUp() {
    finish();
    registry.observe(nullptr);
  }
  HeldUp(const HeldUp&) = delete;

  void on_change(const Change& change) noexcept override { reached = change.connections; }

  /// A client of `p` that has said hello, and whose upstream is being dialled.
  Socket dial(const std::string& address) {
    create("p", {}, address);
    Socket client = connect("p");
    client.send("hello");
    only_one(ConnectionState::kDialling);
    return client;
  }

  /// Calls `change`, which is to succeed, and returns when the worker has begun with it. REQUIRES:
  /// there is a connection.
  void begin(const std::function<bool()>& change) {
    const std::uint64_t proxy = list().front().id.proxy;
    const auto changes = [&] {
      std::uint32_t seen = 0;
      workers.run_on_all(
          [&](Worker& worker, std::size_t) { seen = worker.shard(proxy).changes(); });
      return seen;
    };
    const std::uint32_t before = changes();
    workers.run_on_all([this](Worker& worker, std::size_t) {
      worker.loop().do_in_pieces([this](TimePoint) { return may_go_on_.load(); });
    });
    caller_ = std::thread([this, change] {
      succeeded_ = change();
      is_answered = true;
    });
    REQUIRE(eventually([&] { return changes() != before; }));
  }

  /// The change comes to all, and is answered.
  void let_go() {
    finish();
    REQUIRE(succeeded_);
  }

  std::atomic<bool> is_answered{false};
  std::uint64_t reached = 0;  ///< Connections, by the last change.

 private:
  void finish() {
    may_go_on_ = true;
    if (caller_.joinable()) caller_.join();
  }

  std::atomic<bool> may_go_on_{false};
  bool succeeded_ = false;
  std::thread caller_;
};

/// An upstream that lets nobody in until it is opened.
struct SlowUpstream {
  const Socket& open() {
    REQUIRE(listener.accept());
    return listener;
  }

  Socket listener = Socket::listen("127.0.0.1:0", 0);
  const std::string address = listener.local_address();
  Socket filler = Socket::connect(address);
};

}  // namespace

TEST_CASE("whoever does something before a change comes to him goes by it", "[change_in_pieces]") {
  HeldUp world;
  world.create("p");
  const Socket busy = world.open("p");
  const Socket idle = world.open("p");

  world.begin([&] { return world.registry.add_toxic("p", toxic_of("reset")).has_value(); });
  CHECK(busy.is_quiet_for(kQuiet));
  busy.send("x");
  CHECK(ending_of(busy) == Ending::kReset);
  CHECK(idle.is_quiet_for(kQuiet));
  CHECK_FALSE(world.is_answered);

  world.let_go();
  CHECK(ending_of(idle) == Ending::kReset);
  CHECK(world.reached == 2);  // Each once.
}

TEST_CASE("bytes that were read with those of others go by it, too", "[change_in_pieces]") {
  HeldUp world;
  world.create("p");
  std::vector<Socket> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(world.open("p"));

  world.begin([&] {
    return world.registry.add_toxic("p", toxic_of("bandwidth", {0}, Direction::kUpstream))
        .has_value();
  });
  world.workers.post_to_all([](Worker&) { pause_for(kQuiet); });  // They are all told in one turn.
  for (const Socket& client : clients) client.send("y");
  pause_for(2 * kQuiet);
  for (const Socket& client : clients) CHECK(client.is_quiet_for(milliseconds(1)));
  world.let_go();
  REQUIRE(world.registry.remove_toxic("p", "bandwidth"));
  for (const Socket& client : clients) CHECK(client.receive(1) == "y");
}

TEST_CASE("bytes that are due before a change comes to them go by it", "[change_in_pieces]") {
  HeldUp world;
  world.create("p", {toxic_of("latency", {1'000})});
  const Socket client = world.connect("p");
  REQUIRE(round_trip(client, "x") == "x");
  client.send("y");
  pause_for(kQuiet);

  world.begin([&] { return world.registry.add_toxic("p", toxic_of("reset")).has_value(); });
  const Received received = client.receive_all();
  CHECK(received.bytes.empty());
  CHECK(received.ending == Ending::kReset);
  CHECK_FALSE(world.is_answered);
}

TEST_CASE("who is new while a change is on its way has it from the start", "[change_in_pieces]") {
  HeldUp world;
  world.create("p");
  const Socket idle = world.open("p");
  const std::string listen = (*world.registry.find("p"))->listen;

  world.begin([&] { return world.registry.add_toxic("p", toxic_of("reset")).has_value(); });
  CHECK(ending_of(Socket::connect(listen)) == Ending::kReset);
  CHECK(idle.is_quiet_for(kQuiet));
  world.let_go();
  CHECK(world.reached == 1);
}

TEST_CASE("whoever does something before a toxic's end comes to him is ended as it says",
          "[change_in_pieces]") {
  HeldUp world;
  world.create("p");
  const Socket busy = world.open("p");
  const Socket idle = world.open("p");
  ToxicSpec lag = toxic_of("latency", {1});
  lag.reach.on_remove = OnRemove::kReset;
  REQUIRE(world.registry.add_toxic("p", std::move(lag)));

  world.begin([&] { return world.registry.remove_toxic("p", "latency").has_value(); });
  CHECK(idle.is_quiet_for(kQuiet));
  busy.send("x");
  CHECK(ending_of(busy) == Ending::kReset);
  CHECK(idle.is_quiet_for(kQuiet));
  world.let_go();
  CHECK(ending_of(idle) == Ending::kReset);
}

TEST_CASE("a dial that ends before a change comes to it counts for nothing", "[change_in_pieces]") {
  const std::string type = GENERATE("blackhole", "reset");
  SlowUpstream upstream;
  HeldUp world;
  const Socket client = world.dial(upstream.address);

  world.begin([&] { return world.registry.add_toxic("p", toxic_of(type)).has_value(); });
  const auto dialled = upstream.open().accept();
  REQUIRE(dialled);
  CHECK(dialled->receive_all().bytes.empty());  // And it is closed.
  if (type == "reset") {
    CHECK(ending_of(client) == Ending::kReset);
    return;
  }
  CHECK(client.is_quiet_for(kQuiet));
  world.let_go();
  REQUIRE(world.registry.remove_toxic("p", type));
  const auto again = upstream.listener.accept();
  REQUIRE(again);
  CHECK(again->receive(5) == "hello");
}

TEST_CASE("a dial that fails before a change comes to it counts for nothing",
          "[change_in_pieces]") {
  SlowUpstream upstream;
  HeldUp world;
  const Socket client = world.dial(upstream.address);

  world.begin([&] { return world.registry.add_toxic("p", toxic_of("blackhole")).has_value(); });
  upstream.filler.close();
  upstream.listener.close();  // The next SYN is refused.
  CHECK(client.is_quiet_for(milliseconds(1'500)));
  CHECK_FALSE(world.is_answered);
  const Socket opened = Socket::listen(upstream.address);
  world.let_go();
  REQUIRE(world.registry.remove_toxic("p", "blackhole"));
  const auto again = opened.accept();
  REQUIRE(again);
  CHECK(again->receive(5) == "hello");
}

TEST_CASE("a dial that ends before a cut comes to it has not crossed that", "[change_in_pieces]") {
  const std::string mode = GENERATE("refuse", "stall");
  SlowUpstream upstream;
  HeldUp world;
  REQUIRE(world.registry.set_zones(*decode_zones(document("{a: {cidrs: [127.1.0.0/16]}, "
                                                          "b: {cidrs: [127.0.0.1/32]}}"),
                                                 Dialect::kStrict),
                                   Registry::Attempt::kApply));
  // Its zone is known by the address that is dialled, once that has answered.
  world.create("p", {}, "localhost:" + port_of(upstream.address));
  const auto [client, error] =
      Socket::try_connect_from("127.1.0.9", (*world.registry.find("p"))->listen, kPatience);
  REQUIRE(error == 0);
  client.send("hello");
  world.only_one(ConnectionState::kDialling);
  pause_for(kQuiet);  // The name has been looked up.

  const PartitionSpec cut = partition("{name: cut, from: a, to: b, mode: " + mode + "}");
  world.begin(
      [&] { return world.registry.put_partition(cut, Registry::Attempt::kApply).has_value(); });
  const auto dialled = upstream.open().accept();
  REQUIRE(dialled);
  CHECK(dialled->receive_all().bytes.empty());
  world.let_go();
  const PairStatus pair = world.registry.partitions().all().find("cut")->second.pairs().front();
  CHECK(pair.crossed_connections == 0);
  if (mode == "stall") {
    CHECK(client.is_quiet_for(kQuiet));
    return;
  }
  CHECK(client.receive_all().bytes.empty());
  CHECK(pair.refused == 1);
}

}  // namespace faultline::test
