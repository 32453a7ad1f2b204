// Random input to the control API. FAULTLINE_FUZZ_SECONDS says for how long
// (default 5), FAULTLINE_FUZZ_SEED repeats a run.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

Clock::time_point end_of_fuzzing() {
  return Clock::now() + std::chrono::seconds(number_from("FAULTLINE_FUZZ_SECONDS", 5));
}

/// Says the seed once, so that a failure can be repeated.
Random printed_random() {
  const std::uint64_t seed = number_from("FAULTLINE_FUZZ_SEED", std::random_device()());
  WARN("FAULTLINE_FUZZ_SEED=" << seed);
  return Random(seed);
}

class Inventor {
 public:
  explicit Inventor(Random random) : random_(random) {}

  std::size_t below(std::size_t count) {
    return static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(count) - 1));
  }
  const std::string& any_of(const std::vector<std::string>& texts) {
    return texts[below(texts.size())];
  }
  std::string bytes(std::size_t most) { return noise(below(most + 1), random_.next()); }

  /// Some JSON value, mostly a strange number.
  std::string value() {
    static const std::vector<std::string> kValues = {"0",
                                                     "1",
                                                     "-1",
                                                     "2",
                                                     "100",
                                                     "9223372036854775807",
                                                     "-9223372036854775808",
                                                     "9223372036854775808",
                                                     "4611686018427387904",
                                                     "1e308",
                                                     "-1e308",
                                                     "1e999",
                                                     "0.5",
                                                     "1e3",
                                                     "100.0",
                                                     "NaN",
                                                     "Infinity",
                                                     "null",
                                                     "true",
                                                     "\"\"",
                                                     "\"7\"",
                                                     "\"proxy\"",
                                                     "[]",
                                                     "[1]",
                                                     "{}",
                                                     R"({"a":{}})",
                                                     "65536",
                                                     "2147483648",
                                                     "-0",
                                                     "00",
                                                     "+1",
                                                     "0x10",
                                                     "1e-999"};
    return below(4) == 0 ? std::to_string(random_.between(-1000, 100'000)) : any_of(kValues);
  }

  /// The body of a toxic, nearly right.
  std::string toxic() {
    static const std::vector<std::string> kTypes = {
        "noop",       "latency",    "bandwidth", "slow_close", "timeout", "slicer",
        "limit_data", "reset_peer", "LATENCY",   "none",       ""};
    static const std::vector<std::string> kAttributes = {
        "latency",        "jitter", "rate",    "delay",   "timeout", "average_size",
        "size_variation", "bytes",  "LATENCY", "unknown", "",        "scope"};
    static const std::vector<std::string> kStreams = {"upstream", "downstream", "UpStream", "",
                                                      "x"};
    std::string body = R"({"name":"t","type":")" + any_of(kTypes) + "\"";
    if (below(2) == 0) body += R"(,"stream":")" + any_of(kStreams) + "\"";
    if (below(4) == 0) body += R"(,"toxicity":)" + value();
    if (below(20) == 0) return body += R"(,"attributes":)" + value() + "}";
    body += R"(,"attributes":{)";
    for (std::size_t i = 0; i < 4; ++i) {
      body += (i == 0 ? "\"" : ",\"") + any_of(kAttributes) + "\":" + value();
    }
    body += "}}";
    if (below(20) == 0) body[below(body.size())] = static_cast<char>(random_.next());
    if (below(20) == 0) body.resize(below(body.size()));
    return body;
  }

  /// A request that may be broken anywhere.
  std::string request(const std::string& host) {
    static const std::vector<std::string> kMethods = {"GET",  "POST",    "PATCH", "DELETE", "PUT",
                                                      "HEAD", "OPTIONS", "TRACE", "X"};
    static const std::vector<std::string> kPaths = {"/proxies",
                                                    "/proxies/p",
                                                    "/proxies/p/toxics",
                                                    "/proxies/p/toxics/t",
                                                    "/populate",
                                                    "/reset",
                                                    "/version",
                                                    "/metrics",
                                                    "/",
                                                    "//",
                                                    "/../..",
                                                    "/%2e%2e",
                                                    "/proxies/%00",
                                                    "*",
                                                    "",
                                                    "/%",
                                                    "http://x/y"};
    static const std::vector<std::string> kHeaders = {"Transfer-Encoding: chunked",
                                                      "Content-Length: 0",
                                                      "Content-Length: -1",
                                                      "Content-Length: 99999999999999999999",
                                                      "Expect: 100-continue",
                                                      "Connection: close",
                                                      "Connection: upgrade\r\nUpgrade: websocket",
                                                      "User-Agent: Mozilla/5.0",
                                                      "X:",
                                                      ": x",
                                                      "Origin: null",
                                                      "Transfer-Encoding: gzip, chunked",
                                                      "Content-Length: 5"};
    std::string text =
        any_of(kMethods) + " " + any_of(kPaths) + " HTTP/1.1\r\nHost: " + host + "\r\n";
    for (std::size_t i = below(4); i > 0; --i) text += any_of(kHeaders) + "\r\n";
    const std::string body = below(2) == 0 ? toxic() : bytes(300);
    if (below(2) == 0) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n" + body;
    for (std::size_t i = below(4); i > 0 && below(2) == 0; --i) {
      text[below(text.size())] = static_cast<char>(random_.next());
    }
    if (below(10) == 0) text.resize(below(text.size()));
    return text;
  }

 private:
  Random random_;
};

void check_alive(World& world, const Socket& bystander) {
  REQUIRE(world.server.is_running());
  REQUIRE(time_of([&] { REQUIRE(world.api.get("/version").status == 200); }) <
          bound(milliseconds(1000)));
  REQUIRE(round_trip(bystander, "flows") == "flows");
}

}  // namespace

TEST_CASE("B4: random JSON for every attribute works or is refused, and all else flows", "[fuzz]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket bystander = Socket::connect(world.add_proxy("bystander", upstream.address()));
  Inventor inventor(printed_random());
  const std::string toxics = "/proxies/p/toxics";
  std::size_t accepted = 0;
  std::size_t tried = 0;
  for (const auto end = end_of_fuzzing(); Clock::now() < end; ++tried) {
    const std::string body = inventor.toxic();
    INFO(body);
    const Socket old = Socket::connect(listen);
    const Reply added = world.api.post(toxics, body);
    REQUIRE((added.status == 200 || added.status == 400));
    if (added.status == 400) {
      REQUIRE(added.body.rfind(R"({"error":")", 0) == 0);
      continue;
    }
    ++accepted;
    const auto name = Json::parse(added.body)["name"].get<std::string>();
    const Socket fresh = Socket::connect(listen);
    for (const Socket* client : {&old, &fresh}) {
      client->send_some(inventor.bytes(50'000));
      client->receive_some(SIZE_MAX, milliseconds(1));
    }
    const int changed = world.api.patch(toxics + "/" + name, inventor.toxic()).status;
    REQUIRE((changed == 200 || changed == 400 || changed == 404));
    fresh.shut_down_write();
    check_alive(world, bystander);
    const Json all = Json::parse(world.api.get(toxics).body);
    REQUIRE(all.size() == 1);
    REQUIRE(world.api.post("/reset").status == 204);
  }
  WARN(tried << " toxics tried, " << accepted << " accepted");
  CHECK(accepted > 0);
}

TEST_CASE("random bytes at the API port are answered or refused, and nothing breaks", "[fuzz]") {
  World world;
  const Server upstream(echo());
  const Socket bystander = Socket::connect(world.add_proxy("bystander", upstream.address()));
  Inventor inventor(printed_random());
  const std::size_t files = world.server.open_files();
  std::size_t tried = 0;
  for (const auto end = end_of_fuzzing(); Clock::now() < end; ++tried) {
    const std::string text =
        inventor.below(4) == 0 ? inventor.bytes(2000) : inventor.request(world.server.address());
    INFO(text);
    Socket socket = Socket::connect(world.server.address());
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t part = inventor.below(3) == 0 ? 1 + inventor.below(50) : text.size();
      socket.send_some(std::string_view(text).substr(at, part));
      at += part;
    }
    if (inventor.below(2) == 0) socket.shut_down_write();
    socket.receive_all(milliseconds(2));
    if (inventor.below(4) == 0) socket.reset();
    socket.close();
    if (tried % 50 == 0) check_alive(world, bystander);
  }
  WARN(tried << " requests");
  CHECK(eventually([&] { return world.server.open_files() <= files + 2; }));
}

}  // namespace faultline::test
