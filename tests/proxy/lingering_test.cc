#include "proxy/lingering.h"

#include "tests/proxy/connection_world.h"

namespace faultline {
namespace {

using test::eventually;
using test::holding;
using test::toxic_of;
using World = test::ConnectionWorld;

TEST_CASE("nothing lingers where nothing was, or once it is over", "[lingering]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.add_toxic("p", toxic_of("latency", {3'600'000})));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p latency"});
  client.send("held back");
  const std::vector<std::string> with_bytes = {"toxic p latency", "held-bytes p "};
  REQUIRE(eventually([&] { return world.lingering() == with_bytes; }));
  CHECK(world.registry.lingering().back().count == 9);
  REQUIRE(world.registry.remove_toxic("p", "latency"));
  CHECK(client.receive(9) == "held back");
  CHECK(world.lingering().empty());
}

TEST_CASE("what a removed toxic has let go lingers until it is taken", "[lingering]") {
  World world;
  const test::Socket listener = test::Socket::listen("127.0.0.1:0");
  listener.set_receive_buffer(4096);
  world.create("p", {toxic_of("stall", {}, Direction::kUpstream)}, listener.local_address());
  const test::Socket client = world.connect("p");
  const auto server = listener.accept();
  REQUIRE(server);
  std::size_t sent = 0;
  const std::string block(64 * 1024, 'x');
  while (const std::size_t taken = client.send_some(block)) sent += taken;
  REQUIRE(eventually([&] { return world.lingering().size() == 2; }));
  REQUIRE(world.registry.remove_toxic("p", "stall"));
  CHECK(server->receive(sent).size() == sent);
  CHECK(eventually([&] { return world.lingering().empty(); }));
}

TEST_CASE("held connections and closing sockets linger", "[lingering]") {
  World world;
  world.create("p", {holding()});
  const test::Socket client = world.connect("p");
  const std::vector<std::string> held = {"toxic p connect_delay", "held-connection p "};
  REQUIRE(eventually([&] { return world.lingering() == held; }));
  REQUIRE(world.registry.remove_toxic("p", "connect_delay"));
  CHECK(test::round_trip(client, "x") == "x");
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.remove("p"));  // The client keeps its side open.
  CHECK(world.lingering() == std::vector<std::string>{"closing-socket  "});
  CHECK(eventually([&] { return world.lingering().empty(); }));
}

TEST_CASE("faults of sockets and listeners linger while they are there", "[lingering]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  REQUIRE(world.registry.add_toxic("p", toxic_of("zero_window")));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p zero_window", "socket-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "zero_window"));
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.add_toxic("p", toxic_of("refuse", {1})));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p refuse", "listener-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "refuse"));
  CHECK(world.lingering().empty());
  CHECK(test::round_trip(client, "x") == "x");

  if (!world.workers.may_filter_packets()) return;
  REQUIRE(world.registry.add_toxic("p", toxic_of("blackhole")));
  CHECK(world.lingering() ==
        std::vector<std::string>{"toxic p blackhole", "listener-fault p ", "socket-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "blackhole"));
  CHECK(world.lingering().empty());
}

}  // namespace
}  // namespace faultline
