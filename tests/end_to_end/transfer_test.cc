// Long transfers while toxics come, change and go.

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

constexpr std::size_t kToggles = 50;

/// The two ends of one connection through a proxy.
struct Ends {
  Socket client;
  Socket server;
};
Ends connect_ends(const std::string& listen, const Socket& listener) {
  Socket client = Socket::connect(listen);
  std::optional<Socket> server = listener.accept();
  REQUIRE(server);
  return {std::move(client), std::move(*server)};
}

/// What a receiver got: how much, its hash, and how it ended.
struct Result {
  std::size_t size = 0;
  std::string hash;
  Ending ending = Ending::kOpen;
};
Result receive_hashed(const Socket& socket) {
  Sha256 hash;
  Result result;
  for (;;) {
    const Received some = socket.receive_some(SIZE_MAX);
    if (some.bytes.empty()) {
      result.ending = some.ending;
      result.hash = hash.finish();
      return result;
    }
    hash.add(some.bytes);
    result.size += some.bytes.size();
  }
}

/// Sends `bytes`, then FIN, from one socket to the other; part i waits until step() was
/// called i times, so that all steps happen while the transfer goes on.
/// The sockets and the bytes must outlive it.
class Transfer {
 public:
  Transfer(const Socket& from, const Socket& to, const std::string& bytes)
      : from_(from),
        to_(to),
        receiver_([this] { result_ = receive_hashed(to_); }),
        sender_([this, &bytes] { send(bytes); }) {}
  ~Transfer() {
    if (!sender_.joinable()) return;
    from_.shut_down();  // A failed test leaves early: wake both.
    to_.shut_down();
    finish();
  }

  void step() { ++steps_; }
  /// Waits for the end.
  Result finish() {
    steps_ = kToggles;
    sender_.join();
    receiver_.join();
    return result_;
  }

 private:
  void send(const std::string& bytes) {
    const std::size_t part = bytes.size() / kToggles + 1;
    try {
      for (std::size_t i = 0; i * part < bytes.size(); ++i) {
        while (steps_ < i) pause_for(milliseconds(1));
        from_.send(std::string_view(bytes).substr(i * part, part));
      }
    } catch (const std::runtime_error&) {
      // A toxic that ends the connection was there: the receiver tells.
    }
    from_.shut_down_write();
  }

  const Socket& from_;
  const Socket& to_;
  std::atomic<std::size_t> steps_ = 0;
  Result result_;
  std::thread receiver_;
  std::thread sender_;
};

struct Toxic {
  std::string type;
  std::string first;   ///< Its attributes when it is added.
  std::string second;  ///< What an update makes of them.
};
const std::vector<Toxic> kHarmless = {
    {"noop", "", ""},
    {"latency", R"("latency":20)", R"("latency":5,"jitter":5)"},
    {"bandwidth", R"("rate":1000,"scope":"proxy")", R"("rate":0,"scope":"connection")"},
    {"slow_close", R"("delay":100)", R"("delay":1)"},
    {"slicer", R"("average_size":1000,"size_variation":500,"delay":10)", R"("average_size":64)"},
    {"limit_data", R"("bytes":1000000000000)", R"("bytes":2000000000000)"},
    {"reset_peer", R"("timeout":60000)", R"("timeout":50000)"},
};

void toggle(World& world, const Toxic& toxic, const std::string& stream) {
  world.add_toxic("p", R"({"name":"t","type":")" + toxic.type + R"(","stream":")" + stream +
                           R"(","attributes":{)" + toxic.first + "}}");
  world.change_toxic("p", "t", R"({"attributes":{)" + toxic.second + "}}");
  world.remove_toxic("p", "t");
}

void transfer_with_each_toxic(std::size_t size) {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(size);
  const std::string expected = sha256(bytes);
  for (const Toxic& toxic : kHarmless) {
    for (const std::string stream : {"upstream", "downstream"}) {
      INFO(toxic.type << " " << stream << ", " << size << " bytes");
      const Ends ends = connect_ends(listen, listener);
      const bool up = stream == "upstream";
      Transfer transfer(up ? ends.client : ends.server, up ? ends.server : ends.client, bytes);
      for (std::size_t i = 0; i < kToggles; ++i) {
        toggle(world, toxic, stream);
        transfer.step();
      }
      const Result result = transfer.finish();
      REQUIRE(result.size == size);
      REQUIRE(result.hash == expected);
      REQUIRE(result.ending == Ending::kFinish);
    }
  }
}

}  // namespace

TEST_CASE("B20: 1 MB arrives whole each way while each toxic comes, changes and goes 50 times",
          "[transfer][threads]") {
  transfer_with_each_toxic(1'000'000);
}

TEST_CASE("B20: 100 MB arrive whole each way while each toxic comes, changes and goes 50 times",
          "[transfer][threads]") {
  transfer_with_each_toxic(scaled_down(100'000'000));
}

TEST_CASE("B20: all toxics at once, both ways, toggled as fast as the API goes",
          "[transfer][threads]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(scaled_down(50'000'000));
  const Ends ends = connect_ends(listen, listener);
  Transfer up(ends.client, ends.server, bytes);
  Transfer down(ends.server, ends.client, bytes);
  for (std::size_t i = 0; i < kToggles; ++i) {
    for (const std::string stream : {"upstream", "downstream"}) {
      for (const Toxic& toxic : kHarmless) {
        world.add_toxic("p", R"({"type":")" + toxic.type + R"(","stream":")" + stream +
                                 R"(","attributes":{)" + toxic.first + "}}");
      }
    }
    up.step();
    down.step();
    for (const std::string stream : {"downstream", "upstream"}) {
      for (const Toxic& toxic : kHarmless) {
        world.remove_toxic("p", toxic.type + "_" + stream);
      }
    }
  }
  const std::string expected = sha256(bytes);
  for (Transfer* transfer : {&up, &down}) {
    const Result result = transfer->finish();
    CHECK(result.size == bytes.size());
    CHECK(result.hash == expected);
    CHECK(result.ending == Ending::kFinish);
  }
}

TEST_CASE("toxics that end a connection deliver the beginning of what was sent, and no more",
          "[transfer][threads]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(scaled_down(20'000'000));
  const std::vector<Toxic> fatal = {
      {"timeout", R"("timeout":5)", R"("timeout":1)"},
      {"limit_data", R"("bytes":1234567)", R"("bytes":123456)"},
      {"reset_peer", R"("timeout":5)", R"("timeout":0)"},
  };
  for (const Toxic& toxic : fatal) {
    for (const std::string stream : {"upstream", "downstream"}) {
      INFO(toxic.type << " " << stream);
      const Ends ends = connect_ends(listen, listener);
      const bool up = stream == "upstream";
      Transfer transfer(up ? ends.client : ends.server, up ? ends.server : ends.client, bytes);
      for (std::size_t i = 0; i < kToggles; ++i) {
        if (i == 25) {
          world.add_toxic("p", R"({"name":"t","type":")" + toxic.type + R"(","stream":")" + stream +
                                   R"(","attributes":{)" + toxic.first + "}}");
          world.change_toxic("p", "t", R"({"attributes":{)" + toxic.second + "}}");
          pause_for(milliseconds(50));
        }
        transfer.step();
      }
      const Result result = transfer.finish();
      REQUIRE(result.size < bytes.size());
      REQUIRE(result.hash == sha256(std::string_view(bytes).substr(0, result.size)));
      REQUIRE(result.ending != Ending::kOpen);
      world.remove_toxic("p", "t");
    }
  }
}

TEST_CASE("connections come and go while toxics and the proxy do", "[transfer][threads]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i](const std::stop_token& stop) {
      const std::string bytes = noise(10'000, static_cast<std::uint64_t>(i));
      while (!stop.stop_requested()) {
        try {
          const Socket client = Socket::connect(listen);
          for (int j = 0; j < 5; ++j) {
            if (round_trip(client, bytes) != bytes) ++wrong;
          }
        } catch (const std::runtime_error&) {
          pause_for(milliseconds(1));  // Disabled just then.
        }
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    for (const Toxic& toxic : kHarmless)
      toggle(world, toxic, i % 2 == 0 ? "upstream" : "downstream");
    world.api.post("/proxies/p", R"({"enabled":false})");
    world.api.get("/metrics");
    world.api.post("/proxies/p", R"({"enabled":true})");
    pause_for(milliseconds(5));
  }
  clients.clear();
  CHECK(wrong == 0);
}

}  // namespace faultline::test
