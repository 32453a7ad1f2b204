// Lossy links lose no byte: 100 MB both ways at once under every kind of packet loss.

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

struct Loss {
  std::string name;
  std::string attributes;  // The inside of their JSON.
  bool is_kernels = false;
  std::string type = "packet_loss";
};

const std::vector<Loss> kLosses = {
    {"kernel, independent", R"("loss":"1%","engine":"kernel")", true},
    {"kernel, in bursts", R"("p":"1%","r":"25%","engine":"kernel")", true},
    {"model, independent", R"("loss":"1%","engine":"model")"},
    {"model, correlated", R"("loss":"1%","correlation":"25%","engine":"model")"},
    {"model, in bursts", R"("p":"1%","r":"25%","engine":"model")"},
    {"model, every hundredth", R"("every":100,"engine":"model")"},
    {"model, of a round trip", R"("loss":"1%","rtt":1)"},
    {"path", R"("loss":"1%","rtt":1,"rate":50000,"congestion":"reno")", false, "path"},
};

/// Far below what a call may take, so that a slow link is not a dead one.
constexpr std::size_t kPiece = 1'000'000;

void send_all(const Socket& socket, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) socket.send(bytes.substr(at, kPiece));
  socket.shut_down_write();
}

/// The hash of all that comes until FIN; how the stream ended if that is not FIN.
std::string hash_to_end(const Socket& socket) {
  Sha256 hash;
  while (true) {
    const Received some = socket.receive_some(kPiece);
    if (some.ending == Ending::kFinish) return hash.finish();
    if (some.bytes.empty()) return some.ending == Ending::kReset ? "reset" : "silent";
    hash.add(some.bytes);
  }
}

/// What both ends of a connection received while both sent.
struct Exchange {
  std::string at_server;
  std::string at_client;
};

Exchange exchange(const Socket& client, const Socket& server, std::string_view up,
                  std::string_view down) {
  const auto quietly = [](const Socket& socket, std::string_view bytes) {
    try {
      send_all(socket, bytes);
    } catch (const std::runtime_error&) {  // The other end will miss what was not sent.
    }
  };
  Exchange result;
  const std::jthread client_sends([&] { quietly(client, up); });
  const std::jthread server_sends([&] { quietly(server, down); });
  std::jthread server_reads([&] { result.at_server = hash_to_end(server); });
  result.at_client = hash_to_end(client);
  server_reads.join();
  return result;
}

}  // namespace

TEST_CASE("100 MB both ways at once arrive whole under every loss", "[outages][whole]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string up = noise(scaled_down(100'000'000), 1);
  const std::string down = noise(scaled_down(100'000'000), 2);
  const std::string up_hash = sha256(up);
  const std::string down_hash = sha256(down);
  for (const Loss& loss : kLosses) {
    CAPTURE(loss.name);
    const std::string listen = world.add_proxy("p", listener.local_address());
    const std::vector<std::string> streams =
        loss.type == "path" ? std::vector<std::string>{"downstream"}
                            : std::vector<std::string>{"downstream", "upstream"};
    bool is_served = true;
    for (const std::string& stream : streams) {
      const Reply reply = world.api.post("/proxies/p/toxics",
                                         R"({"type":")" + loss.type + R"(","stream":")" + stream +
                                             R"(","attributes":{)" + loss.attributes + "}}");
      if (loss.is_kernels && reply.status == 400) {
        WARN("not tested: " << reply.body);
        is_served = false;
        break;
      }
      INFO(reply.body);
      REQUIRE(reply.status == 200);
    }
    if (is_served) {
      const Socket client = Socket::connect(listen);
      const std::optional<Socket> server = listener.accept();
      REQUIRE(server);
      Exchange arrived;
      const milliseconds time = time_of([&] { arrived = exchange(client, *server, up, down); });
      CAPTURE(time.count());
      CHECK(arrived.at_server == up_hash);
      CHECK(arrived.at_client == down_hash);
    }
    REQUIRE(world.api.remove("/proxies/p").status == 204);
  }
}

}  // namespace faultline::test
