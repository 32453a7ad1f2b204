// Many connections at once, so that a turn of the loop has many events: their
// calls are batched, where the kernel allows it, and made one by one otherwise.

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

/// A few connections to an echo that do all that clients do. Counts what went wrong.
class Client {
 public:
  Client(std::string address, unsigned seed) : address_(std::move(address)), random_(seed) {
    for (int i = 0; i < 24; ++i) sockets_.push_back(Socket::connect(address_));
  }

  void round() {
    std::vector<std::string> sent;
    for (const Socket& socket : sockets_) {
      sent.push_back(noise(pick(1, pick(0, 9) == 0 ? 100'000 : 500), random_()));
      socket.send(sent.back());
    }
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      Socket& socket = sockets_[i];
      const std::size_t fate = pick(0, 19);
      if (fate == 0) {  // FIN: the rest comes back, then FIN.
        socket.shut_down_write();
        const Received all = socket.receive_all();
        if (all.bytes != sent[i] || all.ending != Ending::kFinish) ++wrong;
        socket = Socket::connect(address_);
      } else if (fate == 1) {  // RST, with bytes on their way.
        socket.reset();
        socket = Socket::connect(address_);
      } else if (socket.receive(sent[i].size()) != sent[i]) {
        ++wrong;
      }
    }
  }

  int wrong = 0;

 private:
  std::size_t pick(std::size_t low, std::size_t high) { return low + random_() % (high - low + 1); }

  const std::string address_;
  std::minstd_rand random_;
  std::vector<Socket> sockets_;
};

}  // namespace

TEST_CASE("a crowd that talks, closes and resets gets back what it sent", "[crowd][threads]") {
  const std::string io_uring = GENERATE("auto", "off");
  CAPTURE(io_uring);
  World world({.arguments = {"--io-uring", io_uring}});
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const std::string listen = world.add_proxy("p", upstream.address());
  std::atomic<int> wrong = 0;
  std::atomic<int> running = 4;
  std::vector<std::jthread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      try {
        Client client(listen, seed);
        for (std::size_t i = 0; i < scaled_down(64); ++i) client.round();
        wrong += client.wrong;
      } catch (const std::exception&) {  // A socket of a client broke, or was silent.
        wrong += 1000;
      }
      --running;
    });
  }
  while (running > 0) {  // Toxics come and go in the middle of batches.
    world.add_toxic("p", R"({"type":"latency","name":"lag","attributes":{"latency":1}})");
    world.add_toxic("p", R"({"type":"noop","name":"none","stream":"upstream"})");
    world.remove_toxic("p", "lag");
    world.remove_toxic("p", "none");
    pause_for(milliseconds(5));
  }
  threads.clear();
  CHECK(wrong == 0);
  CHECK(eventually([&] { return world.metric("faultline_held_bytes") == 0; }));
  CHECK(eventually([&] { return world.metric("faultline_connections_active{proxy=\"p\"}") == 0; }));
}

TEST_CASE("a mistake in --io-uring is explained", "[crowd]") {
  const Outcome outcome = run(FAULTLINE_BINARY, {.arguments = {"serve", "--io-uring", "on"}});
  CHECK(outcome.status == 2);
  CHECK(outcome.err.find("--io-uring: `on` is neither auto nor off") != std::string::npos);
}

}  // namespace faultline::test
