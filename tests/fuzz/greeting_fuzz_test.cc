// Random input to proxies that hear their clients out. FAULTLINE_FUZZ_SECONDS says for how long
// (default 5), FAULTLINE_FUZZ_SEED repeats a run.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using namespace std::literals;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Inventor {
 public:
  explicit Inventor(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(count) - 1));
  }

  /// A greeting, mostly broken somewhere.
  std::string greeting(const std::string& upstream) {
    const auto port = static_cast<unsigned>(std::stoi(port_of(upstream)));
    const std::string port_bytes = {static_cast<char>(port >> 8U), static_cast<char>(port & 0xFFU)};
    const std::vector<std::string> headers = {
        "",
        "PROXY TCP4 10.1.2.3 10.9.9.9 4000 80\r\n",
        "PROXY UNKNOWN\r\n",
        "PROXY TCP6 fd00::1 ::1 1 2\r\n",
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\1\2\3\4\5\6\7\x08\0\1\0\2"s,
        "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s,
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\xFF\xFF"s};
    const std::vector<std::string> wishes = {
        "",
        "\5\1\0\5\1\0\1\x7F\0\0\1"s + port_bytes,
        "\5\2\0\2\1\5alice\6secret\5\1\0\3\x09localhost"s + port_bytes,
        "\5\1\0\5\3\0\4"s,
        "CONNECT " + upstream + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT " + upstream + " HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"};
    std::string text = headers[below(headers.size())] + wishes[below(wishes.size())];
    text += noise(below(300), random_.next());
    for (std::size_t i = below(4); i > 0 && !text.empty() && below(2) == 0; --i) {
      text[below(text.size())] = static_cast<char>(random_.next());
    }
    if (below(5) == 0) text.resize(below(text.size() + 1));
    return text;
  }

 private:
  Random random_;
};

std::string add(World& world, const std::string& name, const std::string& fields) {
  const Reply reply = world.api.post("/v1/proxies", R"({"name":")" + name + "\"," + fields + "}");
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  const std::string key = R"("listen":")";
  const std::size_t start = reply.body.find(key) + key.size();
  return reply.body.substr(start, reply.body.find('"', start) - start);
}

}  // namespace

TEST_CASE("random greetings are answered or refused, and nothing breaks", "[fuzz]") {
  World world;
  const Server upstream(echo());
  const Socket bystander = Socket::connect(world.add_proxy("bystander", upstream.address()));
  const std::string plain = R"("upstream":")" + upstream.address() + "\",";
  const std::vector<std::string> ports = {
      add(world, "socks", R"("protocol":"socks5")"),
      add(world, "connect", R"("protocol":"connect")"),
      add(world, "header", plain + R"("accept_proxy_protocol":true,"send_proxy_protocol":"v2")"),
      add(world, "both", R"("protocol":"socks5","accept_proxy_protocol":true)"),
      add(world, "all", R"("protocol":"connect","accept_proxy_protocol":true)")};
  const std::uint64_t seed = number_from("FAULTLINE_FUZZ_SEED", std::random_device()());
  WARN("FAULTLINE_FUZZ_SEED=" << seed);
  Inventor inventor(seed);
  const std::size_t files = world.server.open_files();
  const auto end = Clock::now() + std::chrono::seconds(number_from("FAULTLINE_FUZZ_SECONDS", 5));
  std::size_t tried = 0;
  for (; Clock::now() < end; ++tried) {
    const std::string text = inventor.greeting(upstream.address());
    INFO(text);
    Socket socket = Socket::connect(ports[inventor.below(ports.size())]);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t part = inventor.below(3) == 0 ? 1 + inventor.below(20) : text.size();
      socket.send_some(std::string_view(text).substr(at, part));
      at += part;
    }
    if (inventor.below(2) == 0) socket.shut_down_write();
    socket.receive_all(milliseconds(2));
    if (inventor.below(4) == 0) socket.reset();
    socket.close();
    if (tried % 50 != 0) continue;
    REQUIRE(world.server.is_running());
    REQUIRE(round_trip(bystander, "flows") == "flows");
  }
  WARN(tried << " greetings");
  CHECK(eventually([&] { return world.server.open_files() <= files + 2; }));
}

}  // namespace faultline::test
