// What peers see of each kind of silence: dead zones, hangs, full buffers, lost large packets.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/line.h"
#include "tests/support/temp_dir.h"

namespace faultline::test {
namespace {

/// What does not come within this long on loopback was not on its way.
constexpr milliseconds kSilence{150};

const std::vector<std::string> kNoFilters = {"--packet-filters", "off"};

/// The client gets no ACK for what it sends: the kernel has sent it again.
bool is_unheard(const Socket& client) {
  client.send("is anybody there?");
  const bool unheard = eventually([&] { return info_of(client).tcpi_retransmits >= 1; }, kPatience);
  return unheard && info_of(client).tcpi_unacked >= 1;
}

/// Writes until the sender has been blocked for a while; how many bytes that took.
std::size_t send_until_blocked(const Socket& socket, std::string_view text) {
  std::size_t sent = 0;
  for (int tries = 0; tries < 50 && sent < text.size(); ++tries) {
    const std::size_t more = socket.send_some(text.substr(sent));
    sent += more;
    if (more > 0) tries = 0;
    if (more == 0) pause_for(milliseconds(4));
  }
  return sent;
}

}  // namespace

TEST_CASE("a blackhole acknowledges nothing on an open connection, and loses nothing",
          "[outages]") {
  Line line;
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  if (!is_served_by_kernel(line.fault("blackhole"))) return;
  CHECK(is_unheard(client));
  CHECK(client.is_quiet_for(kSilence));

  const std::string text = noise(300'000);
  const std::size_t sent = client.send_some(text);
  line.heal();
  CHECK(client.receive(17) == "is anybody there?");
  std::string back = client.receive(sent);
  back += long_trip(client, text.substr(sent));
  CHECK(sha256(back) == sha256(text));
}

TEST_CASE("a blackhole answers no SYN, and the same socket connects once it is healed",
          "[outages]") {
  Line line;
  if (!is_served_by_kernel(line.fault("blackhole"))) return;
  const Socket client = knock(line.listen);
  CHECK_FALSE(answer_to(client, kSilence));
  CHECK(info_of(client).tcpi_state == TCP_SYN_SENT);
  line.heal();
  REQUIRE(answer_to(client) == 0);
  CHECK(round_trip(client, "after all") == "after all");
  CHECK(line.upstream.accepted() == 1);
}

TEST_CASE("a proxy that goes while it is a blackhole says FIN, and hears the answer", "[outages]") {
  for (const bool by_removal : {true, false}) {
    CAPTURE(by_removal);
    Line line;
    const Socket client = line.connect();
    REQUIRE(round_trip(client, "before") == "before");
    if (!is_served_by_kernel(line.fault("blackhole"))) return;
    const Reply reply = by_removal ? line.world.api.remove("/proxies/p")
                                   : line.world.api.post("/proxies/p", R"({"enabled":false})");
    CHECK(reply.status < 300);
    CHECK(ending_of(client) == Ending::kFinish);
    client.shut_down_write();
    CHECK(eventually([&] { return info_of(client).tcpi_state == TCP_CLOSE; },
                     bound(milliseconds(1'000))));
  }
}

TEST_CASE("a blackhole goes on while the proxy is given another upstream", "[outages]") {
  Line line;
  const Server other(echo());
  if (!is_served_by_kernel(line.fault("blackhole"))) return;
  std::vector<Socket> late;
  for (int i = 0; i < 50; ++i) {
    const std::string& upstream = i % 2 == 0 ? other.address() : line.upstream.address();
    std::jthread crowd([&] {
      for (int j = 0; j < 10; ++j) late.push_back(knock(line.listen));
    });
    const Reply reply = line.world.api.post("/proxies/p", R"({"upstream":")" + upstream + R"("})");
    REQUIRE(reply.status == 200);
  }
  const auto is_unanswered = [](const Socket& client) {
    return info_of(client).tcpi_state == TCP_SYN_SENT;
  };
  CHECK(std::all_of(late.begin(), late.end(), is_unanswered));
  line.world.api.post("/proxies/p", R"({"upstream":")" + other.address() + R"("})");
  line.heal();
  CHECK(round_trip(line.connect(), "healed") == "healed");
  CHECK(other.accepted() >= 1);
}

TEST_CASE("a fault that the kernel served goes on at an upstream without packets", "[outages]") {
  const TempDir directory;
  const Server other(echo(), "unix:" + directory.file("upstream.sock"));
  Line line;
  if (!is_served_by_kernel(line.fault("mtu_blackhole", R"("mtu":1400)"))) return;
  const Reply reply =
      line.world.api.post("/proxies/p", R"({"upstream":")" + other.address() + R"("})");
  CHECK(reply.body.find(R"("engine":"user-space")") != std::string::npos);
  const Socket client = line.connect();
  CHECK(round_trip(client, "small") == "small");
  const std::string text = noise(10'000);
  client.send(text);
  CHECK(client.is_quiet_for(kSilence));
  line.heal();
  CHECK(sha256(client.receive(text.size())) == sha256(text));
}

TEST_CASE("a blackhole for some clients lets the others through the same port", "[outages]") {
  Line line;
  const Socket matched = knock(line.listen, "127.0.0.9");
  REQUIRE(answer_to(matched) == 0);
  REQUIRE(round_trip(matched, "open") == "open");
  const Socket other = line.connect();
  const std::string answer = line.add(R"("type":"blackhole","match":{"clients":["127.0.0.9"]})");
  if (!is_served_by_kernel(answer)) return;
  const Socket late = knock(line.listen, "127.0.0.9");
  CHECK(round_trip(other, "open and spared") == "open and spared");
  CHECK(round_trip(line.connect(), "new and spared") == "new and spared");
  CHECK(is_unheard(matched));
  CHECK_FALSE(answer_to(late, kSilence));
  line.heal();
  CHECK(matched.receive(17) == "is anybody there?");
  REQUIRE(answer_to(late) == 0);
  CHECK(round_trip(late, "late") == "late");
}

TEST_CASE("a blackhole on the client's side lets the upstream's bytes through", "[outages]") {
  Line line({}, [](const Socket& peer) {
    peer.receive(1, std::chrono::hours(1));  // Until the line is broken.
    pause_for(milliseconds(100));
    peer.send("news");
    return swallow()(peer);
  });
  const Socket client = line.connect();
  client.send("!");
  const std::string sent = R"(faultline_sent_bytes_total{proxy="p",direction="upstream"})";
  REQUIRE(eventually([&] { return line.world.metric(sent) == 1; }));
  const std::string answer = line.fault("blackhole", R"("side":"client")");
  if (!is_served_by_kernel(answer)) return;
  CHECK(client.receive(4) == "news");
  CHECK(is_unheard(client));
  CHECK_FALSE(answer_to(knock(line.listen), kSilence));
}

TEST_CASE("a blackhole on the upstream's side hears the client and says nothing", "[outages]") {
  Line line;
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  if (!is_served_by_kernel(line.fault("blackhole", R"("side":"upstream")"))) return;
  client.send("heard");
  CHECK(eventually([&] { return info_of(client).tcpi_unacked == 0; }));
  CHECK(client.is_quiet_for(kSilence));
  // Others connect, and wait for the upstream.
  const Socket late = knock(line.listen);
  REQUIRE(answer_to(late) == 0);
  late.send("late");
  CHECK(late.is_quiet_for(kSilence));
  line.heal();
  CHECK(client.receive(5) == "heard");
  CHECK(late.receive(4) == "late");
}

TEST_CASE("a blackhole for new or for open connections leaves the others alone", "[outages]") {
  for (const auto& arguments : {std::vector<std::string>{}, kNoFilters}) {
    CAPTURE(arguments.size());
    Line line(arguments);
    const Socket old = line.connect();
    REQUIRE(round_trip(old, "before") == "before");
    line.fault("blackhole", R"("scope":"new")");
    const Socket late = knock(line.listen);
    const bool is_in = answer_to(late, kSilence).has_value();
    CHECK(is_in == !arguments.empty());
    if (is_in) late.send("late");
    CHECK(round_trip(old, "spared") == "spared");
    CHECK(late.is_quiet_for(kSilence));
    line.heal();
    REQUIRE(answer_to(late) == 0);
    if (!is_in) late.send("late");
    CHECK(late.receive(4) == "late");

    line.fault("blackhole", R"("scope":"open")");
    CHECK(round_trip(line.connect(), "new") == "new");
    old.send("old");
    CHECK(old.is_quiet_for(kSilence));
    line.heal();
    CHECK(old.receive(3) == "old");
  }
}

TEST_CASE("without packet filters a blackhole is silent, and loses nothing", "[outages]") {
  Line line(kNoFilters);
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  const std::string answer = line.fault("blackhole");
  CHECK(answer.find(R"("engine":"user-space")") != std::string::npos);
  const std::string text = noise(300'000);
  const std::size_t sent = client.send_some(text);
  CHECK(client.is_quiet_for(kSilence));
  const Socket late = knock(line.listen);
  if (answer_to(late, kSilence) == 0) CHECK(late.is_quiet_for(kSilence));
  CHECK(line.upstream.accepted() == 1);
  line.heal();
  std::string back = client.receive(sent);
  back += long_trip(client, text.substr(sent));
  CHECK(sha256(back) == sha256(text));
  REQUIRE(answer_to(late) == 0);
  CHECK(round_trip(late, "late") == "late");
}

TEST_CASE("a stall moves no byte, keeps connections open and loses nothing", "[outages]") {
  Line line;
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  line.fault("stall");
  const std::string text = noise(2'000'000);
  const std::size_t sent = send_until_blocked(client, text);
  CHECK(client.is_quiet_for(kSilence));
  const Socket late = line.connect();
  late.send("late");
  CHECK(late.is_quiet_for(kSilence));
  line.heal();
  std::string back = client.receive(sent);
  back += long_trip(client, text.substr(sent));
  CHECK(sha256(back) == sha256(text));
  CHECK(late.receive(4) == "late");
}

TEST_CASE("a zero window blocks the sender after what fits into buffers, and loses nothing",
          "[outages]") {
  Line line;
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  line.fault("zero_window");
  const std::string text = noise(32'000'000);
  const std::size_t sent = send_until_blocked(client, text);
  INFO("blocked after " << sent);
  CHECK(sent < 16'000'000);
  CHECK(client.is_quiet_for(kSilence));
  CHECK(info_of(client).tcpi_state == TCP_ESTABLISHED);
  line.heal();
  std::string back = client.receive(sent);
  back += long_trip(client, text.substr(sent));
  CHECK(sha256(back) == sha256(text));
}

TEST_CASE("a zero window on a new connection: it connects, and its bytes wait", "[outages]") {
  Line line;
  line.fault("zero_window", R"("scope":"new")");
  const Socket client = line.connect();
  client.send("late");
  CHECK(client.is_quiet_for(kSilence));
  line.heal();
  CHECK(client.receive(4) == "late");
}

TEST_CASE("an MTU blackhole passes small messages and hangs on large ones", "[outages]") {
  for (const auto& arguments : {std::vector<std::string>{}, kNoFilters}) {
    CAPTURE(arguments.size());
    Line line(arguments);
    const Socket client = line.connect();
    const std::string answer = line.fault("mtu_blackhole", R"("mtu":1400)");
    if (arguments.empty() && !is_served_by_kernel(answer)) continue;
    CHECK(round_trip(client, std::string(1'000, 's')) == std::string(1'000, 's'));
    const std::string text = noise(10'000);
    client.send(text);
    CHECK(client.is_quiet_for(kSilence));
    line.heal();
    CHECK(sha256(client.receive(text.size())) == sha256(text));
  }
}

TEST_CASE("the API says which engine carries a toxic out", "[outages]") {
  Line kernel;
  if (is_served_by_kernel(kernel.fault("blackhole"))) {
    kernel.heal();
    CHECK(is_served_by_kernel(kernel.fault("packet_loss", R"("loss":0.01)")));
    const std::string shown = kernel.world.api.get("/proxies/p/toxics/down").body;
    CHECK(shown.find(R"("engine":"kernel")") != std::string::npos);
    kernel.heal();
    CHECK(is_served_by_kernel(kernel.fault("mtu_blackhole")));
    kernel.heal();
    const std::string stall = kernel.fault("stall");
    CHECK(stall.find(R"("engine":"user-space")") != std::string::npos);
  }

  Line none(kNoFilters);
  for (const std::string type : {"blackhole", "mtu_blackhole", "stall"}) {
    CHECK(none.fault(type).find(R"("engine":"user-space")") != std::string::npos);
    none.heal();
  }
  CHECK(none.fault("packet_loss", R"("loss":0.01)").find(R"("engine":"model")") !=
        std::string::npos);
  none.heal();
  const Reply refused = none.world.api.post(
      "/proxies/p/toxics",
      R"({"name":"down","type":"packet_loss","attributes":{"loss":0.01,"engine":"kernel"}})");
  INFO(refused.body);
  CHECK(refused.status == 400);
  CHECK(refused.body.find("packet filters cannot be had here") != std::string::npos);
  CHECK(none.world.api.get("/proxies/p/toxics").body == "[]");
}

}  // namespace faultline::test
