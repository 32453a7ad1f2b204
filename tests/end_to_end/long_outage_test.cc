// Outages as long as real ones, on a thousand connections: each goes on where it was.

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

/// A peer's kernel tries again after 0.2, 0.4 ... 51.2 s: after a minute of silence it may be
/// this long until it next tries, whatever the proxy does.
constexpr milliseconds kNextTry{60'000};

/// A proxy with its clients, each with its own bytes.
struct Zone {
  Zone(World& its_world, std::string zone_name, const std::string& upstream, std::size_t size)
      : world(its_world), name(std::move(zone_name)), listen(world.add_proxy(name, upstream)) {
    for (std::size_t i = 0; i < size; ++i) {
      clients.push_back(Socket::connect(listen));
      REQUIRE(round_trip(clients.back(), "before") == "before");
    }
  }

  /// Cuts it off: all clients speak, and others try to connect. The API's answer.
  std::string cut_off() {
    const Reply reply =
        world.api.post("/proxies/" + name + "/toxics", R"({"name":"down","type":"blackhole"})");
    REQUIRE(reply.status == 200);
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].send(words_of(i));
    for (std::size_t i = 0; i < clients.size() / 10; ++i) late.push_back(knock(listen));
    return reply.body;
  }

  void heal() {
    const auto is_unheard = [](const Socket& client) {
      const tcp_info info = info_of(client);
      return info.tcpi_state == TCP_ESTABLISHED && info.tcpi_unacked > 0;
    };
    const auto is_unanswered = [](const Socket& client) {
      return info_of(client).tcpi_state == TCP_SYN_SENT;
    };
    CHECK(std::all_of(clients.begin(), clients.end(), is_unheard));
    CHECK(std::all_of(late.begin(), late.end(), is_unanswered));
    world.remove_toxic(name, "down");
  }

  static std::string words_of(std::size_t i) { return noise(2'000, 1'000 + i); }

  World& world;
  const std::string name;
  const std::string listen;
  std::vector<Socket> clients;
  std::vector<Socket> late;
};

/// How many of the clients get all they said back, in order, and how many of the late connect.
void check_recovery(Zone& zone) {
  std::size_t whole = 0;
  for (std::size_t i = 0; i < zone.clients.size(); ++i) {
    const std::string words = Zone::words_of(i);
    if (zone.clients[i].receive(words.size(), kNextTry) == words &&
        round_trip(zone.clients[i], "after") == "after") {
      ++whole;
    }
  }
  CHECK(whole == zone.clients.size());
  std::size_t connected = 0;
  for (const Socket& client : zone.late) {
    if (answer_to(client, kNextTry) == 0 && round_trip(client, "late") == "late") ++connected;
  }
  CHECK(connected == zone.late.size());
}

}  // namespace

TEST_CASE("a thousand connections go on after 5 s and after 60 s of blackhole", "[minutes]") {
  allow_many_files();
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  Zone brief(world, "brief", upstream.address(), 1'000);
  Zone lasting(world, "lasting", upstream.address(), 1'000);
  const auto accepted = static_cast<int>(brief.clients.size() + lasting.clients.size());
  const Clock::time_point start = Clock::now();
  if (!is_served_by_kernel(lasting.cut_off())) return;
  brief.cut_off();
  pause_for(milliseconds(5'000));
  brief.heal();
  check_recovery(brief);
  std::this_thread::sleep_until(start + milliseconds(60'000));
  lasting.heal();
  check_recovery(lasting);
  // On the same sockets, of both sides: nobody has dialled again.
  CHECK(upstream.accepted() ==
        accepted + static_cast<int>(brief.late.size() + lasting.late.size()));
}

TEST_CASE("a side that talks on when nobody hears it any more is let go after a minute",
          "[minutes]") {
  Line line({}, [](const Socket& peer) {
    for (;;) {
      peer.send("news");  // Until it is reset.
      pause_for(milliseconds(5));
    }
    return Then::kClose;
  });
  line.add(R"("type":"half_close","stream":"downstream")");
  const std::string active = R"(faultline_connections_active{proxy="p"})";
  Socket client = line.connect();
  CHECK(ending_of(client) == Ending::kFinish);
  REQUIRE(line.world.metric(active) == 1);
  client.close();
  const milliseconds time = time_of([&] {
    CHECK(eventually([&] { return line.world.metric(active) == 0; }, milliseconds(90'000)));
  });
  CHECK(time >= milliseconds(59'000));
}

}  // namespace faultline::test
