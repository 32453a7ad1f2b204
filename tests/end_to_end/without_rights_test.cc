// Where the kernel refuses packet filters, or all capabilities: everything works, and is labelled.

#include <catch2/catch.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

using Rights = Process::Rights;

constexpr milliseconds kSilence{150};

/// The first line of a server's log that has the key, and its value there.
std::string logged(const std::string& log, const std::string& key) {
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const auto line = nlohmann::json::parse(log.substr(at, end - at), nullptr, false);
    if (line.is_object() && line.contains(key)) return line[key].get<std::string>();
    at = end + 1;
  }
  return "";
}

/// What engine an answer names; "" if none.
std::string engine_in(const std::string& answer) {
  return nlohmann::json::parse(answer).value("engine", "");
}

/// A connection stays silent while the toxic is there, and loses nothing.
void check_silence(Line& line, const Socket& client, const std::string& text) {
  client.send(text);
  CHECK(client.is_quiet_for(kSilence));
  line.heal();
  CHECK(sha256(client.receive(text.size())) == sha256(text));
}

}  // namespace

TEST_CASE("a kernel that refuses packet filters: the log and the doctor say so", "[outages]") {
  const Line line(Rights::kNoPacketFilters);
  const std::string why = "the kernel refuses packet filters: operation not permitted";
  CHECK(logged(line.world.server.log(), "packet_filters") == why);
  const Outcome doctor =
      run(FAULTLINE_BINARY, {.arguments = {"doctor"}, .rights = Rights::kNoPacketFilters});
  CHECK(doctor.status == 0);
  CHECK(doctor.out.find("limited  packet filters: " + why) != std::string::npos);
  CHECK(run(FAULTLINE_BINARY, {.arguments = {"doctor"}}).out.find(why) == std::string::npos);
}

TEST_CASE("a kernel that refuses packet filters: each toxic that has them does without",
          "[outages]") {
  Line line(Rights::kNoPacketFilters);
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  CHECK(engine_in(line.fault("blackhole")) == "user-space");
  check_silence(line, client, noise(100'000));

  CHECK(engine_in(line.fault("mtu_blackhole")) == "user-space");
  check_silence(line, client, noise(10'000));

  CHECK(engine_in(line.fault("packet_loss", R"("loss":"2%")")) == "model");
  const std::string text = noise(2'000'000);
  CHECK(sha256(long_trip(client, text)) == sha256(text));
  line.heal();
  CHECK(engine_in(line.fault("packet_loss", R"("p":"1%","r":"30%")")) == "model");
  CHECK(sha256(long_trip(client, text)) == sha256(text));
  line.heal();

  const Reply refused = line.world.api.post(
      "/proxies/p/toxics", R"({"type":"packet_loss","attributes":{"loss":0.1,"engine":"kernel"}})");
  CHECK(refused.status == 400);
  CHECK(refused.body.find("cannot be had here") != std::string::npos);
  CHECK(line.world.api.get("/proxies/p/toxics").body == "[]");
}

TEST_CASE("a kernel that refuses packet filters: the other kinds of down are as ever",
          "[outages]") {
  Line line(Rights::kNoPacketFilters);
  CHECK(engine_in(line.fault("refuse")) == "user-space");
  CHECK(answer_to(knock(line.listen)) == ECONNREFUSED);
  line.heal();
  Socket client = line.connect();
  REQUIRE(round_trip(client, "again") == "again");
  line.fault("reset");
  CHECK(ending_of(client) == Ending::kReset);
  line.heal();
  client = line.connect();
  REQUIRE(round_trip(client, "again") == "again");
  line.fault("close");
  CHECK(ending_of(client) == Ending::kFinish);
  line.heal();
  line.fault("accept_backlog_full");
  const Socket late = knock(line.listen);
  CHECK_FALSE(answer_to(late, kSilence));
  line.heal();
  REQUIRE(answer_to(late) == 0);
  CHECK(round_trip(late, "late") == "late");
  CHECK(engine_in(line.fault("stall")) == "user-space");
  check_silence(line, late, noise(50'000));
}

TEST_CASE("a kernel that refuses packet filters: a silent upstream is mirrored all the same",
          "[outages]") {
  World world({.rights = Rights::kNoPacketFilters});
  BlackHole upstream;
  const std::string listen = world.add_proxy("p", upstream.address());
  world.add_toxic("p", R"({"type":"upstream_down"})");
  CHECK(eventually([&] { return !answer_to(knock(listen), kSilence); }));
  const Socket late = knock(listen);
  CHECK_FALSE(answer_to(late, kSilence));
  CHECK(world.server.log().find("takes no packet filter") == std::string::npos);
  upstream.heal();
  CHECK(answer_to(late) == 0);
}

TEST_CASE("without capabilities a blackhole is silent and lossless, and says what serves it",
          "[outages]") {
  Line line(Rights::kNoCapabilities);
  const Socket client = line.connect();
  REQUIRE(round_trip(client, "before") == "before");
  // Newer kernels ask for CAP_NET_ADMIN, older ones for nothing.
  const std::string filters = logged(line.world.server.log(), "packet_filters");
  const bool is_kernels = filters == "yes";
  CAPTURE(filters);
  CHECK(engine_in(line.fault("blackhole")) == (is_kernels ? "kernel" : "user-space"));
  client.send("is anybody there?");
  CHECK(client.is_quiet_for(kSilence));
  if (is_kernels) CHECK(eventually([&] { return info_of(client).tcpi_retransmits >= 1; }));
  if (!is_kernels) CHECK(info_of(client).tcpi_unacked == 0);
  const Socket late = knock(line.listen);
  CHECK(answer_to(late, kSilence).has_value() == !is_kernels);
  line.heal();
  CHECK(client.receive(17) == "is anybody there?");
  REQUIRE(answer_to(late) == 0);
  CHECK(round_trip(late, "late") == "late");
}

}  // namespace faultline::test
