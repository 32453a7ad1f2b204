#include "control-api/http_server.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/socket.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using test::Ending;
using test::Socket;

/// A server on a loop of its own, turned by the test. At the end everything
/// must have been closed.
class ServerFixture {
 public:
  explicit ServerFixture(const HttpLimits& limits = {}) {
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(uv_loop_init(&loop) == 0);
    server.emplace(loop, limits, [this](const HttpRequest& request, const Names& names) {
      return answer(request, names);
    });
    const auto bound = server->listen("127.0.0.1", 0);
    REQUIRE(bound);
    address = to_string(*bound);
  }
  ~ServerFixture() {
    server.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  ServerFixture(const ServerFixture&) = delete;
  ServerFixture& operator=(const ServerFixture&) = delete;

  /// Turns the loop until `condition` holds.
  template <class Condition>
  void turn_until(const Condition& condition) {
    const auto deadline = test::Clock::now() + 10s;
    while (!condition()) {
      REQUIRE(test::Clock::now() < deadline);
      uv_run(&loop, UV_RUN_NOWAIT);
      test::pause_for(1ms);
    }
  }

  void turn_for(std::chrono::milliseconds time) {
    const auto end = test::Clock::now() + time;
    turn_until([&] { return test::Clock::now() >= end; });
  }

  /// Reads into `received` until `count` bytes are there, or the end.
  void read(const Socket& client, std::string& received, std::size_t count,
            Ending* ending = nullptr) {
    turn_until([&] {
      const test::Received more = client.receive_some(65536, 0ms);
      received += more.bytes;
      if (ending != nullptr) *ending = more.ending;
      return received.size() >= count || more.ending != Ending::kOpen;
    });
  }

  /// What the client gets for `bytes`, up to the close by the server.
  std::string exchange(const std::string& bytes) {
    const Socket client = Socket::connect(address);
    client.send(bytes);
    return read_to_end(client);
  }

  std::string read_to_end(const Socket& client) {
    std::string received;
    Ending ending = Ending::kOpen;
    read(client, received, SIZE_MAX, &ending);
    CHECK(ending == Ending::kFinish);
    return received;
  }

  uv_loop_t loop{};
  std::string address;
  std::vector<HttpRequest> requests;  // As the handler got them.
  std::string body = "ok";            // What it answers.
  std::string host;                   // Or: what it wants looked up first.
  std::optional<HttpServer> server;

 private:
  Result<HttpResponse> answer(const HttpRequest& request, const Names& names) {
    if (!host.empty() && request.target == "/lookup") {
      const auto found = names.find(host);
      if (found == names.end()) return fail(ErrorKind::kNeedsLookup, host);
      return text_response(found->second ? 200 : 500, found->second
                                                          ? to_string(found->second->front())
                                                          : found->second.error().message);
    }
    requests.push_back(request);
    return HttpResponse{200, {{"X-Target", request.target}}, request.body + body};
  }
};

std::string get(const std::string& target, const std::string& more = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

const std::string kClose = "Connection: close\r\n";

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

bool contains(const std::string& text, const std::string& part) {
  return count(text, part) > 0;
}

TEST_CASE("pipelined requests are answered in order, then the connection is closed",
          "[http_server]") {
  ServerFixture fixture;
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += get("/" + std::to_string(i) + "/");
  const std::string received = fixture.exchange(bytes + get("/last/", kClose) + get("/never/"));
  CHECK(count(received, "HTTP/1.1 200 OK\r\n") == 51);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = received.find("X-Target: /" + std::to_string(i) + "/\r\n", at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(received.find("X-Target: /last/", at) != std::string::npos);
  CHECK_FALSE(contains(received, "/never/"));
  CHECK(count(received, "Connection: close\r\n") == 1);
}

TEST_CASE("an answer is framed by its length", "[http_server]") {
  ServerFixture fixture;
  fixture.body = "hello";
  const std::string received = fixture.exchange(get("/", kClose));
  CHECK(contains(received, "\r\nContent-Length: 5\r\n"));
  CHECK(contains(received, "\r\nDate: "));
  CHECK(received.substr(received.size() - 9) == "\r\n\r\nhello");
  const std::string head =
      fixture.exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(contains(head, "Content-Length: 5\r\n"));
  CHECK(head.substr(head.size() - 4) == "\r\n\r\n");
}

TEST_CASE("HTTP/1.0 is answered in kind", "[http_server]") {
  ServerFixture fixture;
  const std::string once = fixture.exchange("GET /a HTTP/1.0\r\n\r\n");
  CHECK(contains(once, "HTTP/1.0 200 OK\r\n"));
  CHECK(contains(once, "Connection: close\r\n"));
  const std::string twice =
      fixture.exchange("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
  CHECK(count(twice, "HTTP/1.0 200 OK\r\n") == 2);
  CHECK(contains(twice, "Connection: keep-alive\r\n"));
}

TEST_CASE("a request may come byte by byte", "[http_server]") {
  ServerFixture fixture;
  const Socket client = Socket::connect(fixture.address);
  const std::string request =
      "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char c : request) {
    client.send({&c, 1});
    fixture.turn_until([] { return true; });
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
  }
  CHECK(contains(fixture.read_to_end(client), "\r\n\r\nabcdeok"));
}

TEST_CASE("a client that waits for 100 Continue gets it before its answer", "[http_server]") {
  ServerFixture fixture;
  const Socket client = Socket::connect(fixture.address);
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n"
      "Expect: 100-continue\r\n\r\n");
  const std::string expected = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string received;
  fixture.read(client, received, expected.size());
  CHECK(received == expected);
  client.send("abc");
  CHECK(contains(fixture.read_to_end(client), "\r\n\r\nabcok"));
}

TEST_CASE("connecting and closing, or resetting, is harmless", "[http_server]") {
  ServerFixture fixture;
  for (int i = 0; i < 20; ++i) {
    Socket client = Socket::connect(fixture.address);
    if (i % 4 == 1) client.send("GET / HT");
    if (i % 4 == 2) client.send(get("/"));
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
    if (i % 2 == 0) {
      client.reset();
    } else {
      client.close();
    }
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
  }
  CHECK(contains(fixture.exchange(get("/", kClose)), "200 OK"));
}

TEST_CASE("a client that has sent its FIN still gets its answers", "[http_server]") {
  ServerFixture fixture;
  const Socket client = Socket::connect(fixture.address);
  client.send(get("/1") + get("/2"));
  client.shut_down_write();
  CHECK(count(fixture.read_to_end(client), "200 OK") == 2);
  const Socket cut = Socket::connect(fixture.address);
  cut.send(get("/1") + "GET /2 HT");
  cut.shut_down_write();
  const std::string received = fixture.read_to_end(cut);
  CHECK(count(received, "200 OK") == 1);
  CHECK(contains(received, "HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("what is malformed or too large gets its status, and the close is no reset",
          "[http_server]") {
  HttpLimits limits;
  limits.request = {.header_bytes = 1000, .body_bytes = 1000};
  ServerFixture fixture(limits);
  const std::string flood(200'000, 'x');
  CHECK(contains(fixture.exchange("hello\r\n\r\n" + flood), "HTTP/1.1 400 Bad Request\r\n"));
  CHECK(contains(fixture.exchange(get("/" + flood)), "HTTP/1.1 431 "));
  CHECK(
      contains(fixture.exchange(get("/", "Content-Length: 200000\r\n") + flood), "HTTP/1.1 413 "));
  CHECK(contains(fixture.exchange("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 "));
  CHECK(fixture.requests.empty());
}

TEST_CASE("a client that sends and never reads is held back, not buffered for", "[http_server]") {
  ServerFixture fixture;
  fixture.body = std::string(100'000, 'b');
  const Socket client = Socket::connect(fixture.address);
  client.set_receive_buffer(4096);
  const std::string requests = [] {
    std::string all;
    for (int i = 0; i < 1000; ++i) all += get("/");
    return all;
  }();
  // 40 MB of requests would mean 100 GB of answers.
  std::size_t sent = 0;
  for (int turns = 0; turns < 2000; ++turns) {
    if (sent < 40'000'000) sent += client.send_some(requests);
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
  }
  CHECK(sent < 20'000'000);
  CHECK(fixture.requests.size() < 200);  // What the kernel's buffers take.
}

TEST_CASE("slow and silent clients are let go", "[http_server]") {
  HttpLimits limits;
  limits.read = 100ms;
  limits.idle = 200ms;
  limits.write = 100ms;
  limits.linger = 50ms;
  ServerFixture fixture(limits);

  SECTION("one that says nothing") {
    const Socket client = Socket::connect(fixture.address);
    CHECK(fixture.read_to_end(client).empty());
  }
  SECTION("one that sends a byte now and then") {
    const Socket client = Socket::connect(fixture.address);
    const auto start = test::Clock::now();
    std::string received;
    for (const char c : get("/" + std::string(100, 'x'))) {
      client.send({&c, 1});
      fixture.turn_for(10ms);
      received += client.receive_some(1000, 0ms).bytes;
      if (!received.empty()) break;
    }
    CHECK(contains(received, "HTTP/1.1 408 Request Timeout\r\n"));
    CHECK(test::Clock::now() - start < 1s);
  }
  SECTION("one that is idle after a request, later") {
    const Socket client = Socket::connect(fixture.address);
    client.send(get("/"));
    const auto start = test::Clock::now();
    CHECK(contains(fixture.read_to_end(client), "200 OK"));
    CHECK(test::Clock::now() - start >= 190ms);
  }
  SECTION("one that does not take its answer") {
    fixture.body = std::string(20'000'000, 'b');
    const Socket client = Socket::connect(fixture.address);
    client.send(get("/"));
    fixture.turn_until([&] { return !fixture.requests.empty(); });
    fixture.turn_for(300ms);
    CHECK(client.receive_all().bytes.size() < 20'000'000);  // What the kernel had taken.
  }
  SECTION("one that stays after the last answer") {
    const Socket client = Socket::connect(fixture.address);
    client.send(get("/", kClose));
    CHECK(contains(fixture.read_to_end(client), "200 OK"));
    fixture.turn_for(150ms);
    std::size_t taken = 1;
    for (int i = 0; i < 3 && taken > 0; ++i) {
      try {
        taken = client.send_some("x");
      } catch (const std::runtime_error&) {
        taken = 0;  // Reset: nobody is there.
      }
      test::pause_for(10ms);
    }
    CHECK(taken == 0);
  }
}

TEST_CASE("clients above the limit are turned away", "[http_server]") {
  HttpLimits limits;
  limits.connections = 2;
  ServerFixture fixture(limits);
  {
    const Socket first = Socket::connect(fixture.address);
    const Socket second = Socket::connect(fixture.address);
    const Socket third = Socket::connect(fixture.address);
    CHECK(fixture.read_to_end(third).empty());
    first.send(get("/", kClose));
    CHECK(contains(fixture.read_to_end(first), "200 OK"));
  }
  fixture.turn_for(20ms);
  CHECK(contains(fixture.exchange(get("/", kClose)), "200 OK"));
}

TEST_CASE("a name is looked up while other clients are served", "[http_server]") {
  ServerFixture fixture;
  fixture.host = "localhost";
  const Socket asking = Socket::connect(fixture.address);
  asking.send(get("/lookup") + get("/after", kClose));
  CHECK(contains(fixture.exchange(get("/other", kClose)), "X-Target: /other"));
  const std::string received = fixture.read_to_end(asking);
  CHECK(contains(received, "127.0.0.1:0"));
  CHECK(received.find("127.0.0.1:0") < received.find("X-Target: /after"));
}

TEST_CASE("a name that cannot be looked up is told so in Toxiproxy's words", "[http_server]") {
  ServerFixture fixture;
  for (const std::string& host : {std::string("no-such-host.invalid"), std::string(5000, 'x'),
                                  std::string("bad\xff.invalid"), std::string("..")}) {
    fixture.host = host;
    const std::string received = fixture.exchange(get("/lookup", kClose));
    CHECK(contains(received, "HTTP/1.1 500 "));
    CHECK(contains(received, "lookup " + host + ": no such host"));
  }
}

TEST_CASE("a lookup outlives the client and the server that asked for it", "[http_server]") {
  SECTION("the client resets") {
    ServerFixture fixture;
    fixture.host = "no-such-host.invalid";
    Socket client = Socket::connect(fixture.address);
    client.send(get("/lookup"));
    fixture.turn_for(2ms);
    client.reset();
    CHECK(contains(fixture.exchange(get("/", kClose)), "200 OK"));
  }
  SECTION("the server goes") {
    for (int i = 0; i < 20; ++i) {
      ServerFixture fixture;
      fixture.host = "localhost";
      const Socket client = Socket::connect(fixture.address);
      client.send(get("/lookup"));
      for (int turns = 0; turns < i; ++turns) uv_run(&fixture.loop, UV_RUN_NOWAIT);
    }
  }
}

TEST_CASE("a lookup that takes too long is answered with 503", "[http_server]") {
  HttpLimits limits;
  limits.handle = 0ms;
  ServerFixture fixture(limits);
  fixture.host = "no-such-host.invalid";
  const std::string received = fixture.exchange(get("/lookup", kClose));
  CHECK(contains(received, "HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(contains(received, "\"status\":503}\n"));
}

TEST_CASE("stopping answers what is in hand, takes no more and ends", "[http_server]") {
  ServerFixture fixture;
  const Socket idle = Socket::connect(fixture.address);
  const Socket busy = Socket::connect(fixture.address);
  busy.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  idle.send(get("/"));
  fixture.turn_until([&] { return fixture.requests.size() == 1; });
  fixture.turn_for(20ms);
  bool stopped = false;
  fixture.server->stop(5s, [&] { stopped = true; });
  CHECK_FALSE(stopped);
  CHECK(contains(fixture.read_to_end(idle), "200 OK"));
  CHECK(Socket::try_connect(fixture.address, 100ms).second != 0);
  CHECK_FALSE(stopped);
  busy.send("bc");
  const std::string received = fixture.read_to_end(busy);
  CHECK(contains(received, "200 OK"));
  CHECK(contains(received, "Connection: close\r\n"));
  busy.shut_down();
  fixture.turn_until([&] { return stopped; });
}

TEST_CASE("stopping is bounded, and quick when nobody is there", "[http_server]") {
  ServerFixture fixture;
  const Socket client = Socket::connect(fixture.address);
  client.send("GET / HT");
  fixture.turn_for(20ms);
  bool stopped = false;
  fixture.server->stop(50ms, [&] {
    stopped = true;
    fixture.server.reset();  // Its owner may end it there.
  });
  fixture.turn_until([&] { return stopped; });
}

TEST_CASE("an address that is taken, or cannot be, is told in Toxiproxy's words", "[http_server]") {
  ServerFixture fixture;
  const auto where = parse_host_port(fixture.address);
  const auto taken = fixture.server->listen("127.0.0.1", where->port);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message ==
        "listen tcp " + fixture.address + ": bind: address already in use");
  const auto unknown = fixture.server->listen("no-such-host.invalid", 0);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message == "listen tcp: lookup no-such-host.invalid: no such host");
}

TEST_CASE("localhost is 127.0.0.1, the empty host is every address", "[http_server]") {
  ServerFixture fixture;
  const auto local = fixture.server->listen("localhost", 0);
  REQUIRE(local);
  CHECK(to_string(*local).find("127.0.0.1:") == 0);
  const auto all = fixture.server->listen("", 0);
  REQUIRE(all);
  const std::string text = to_string(*all);
  fixture.address = "127.0.0.1" + text.substr(text.rfind(':'));
  CHECK(contains(fixture.exchange(get("/", kClose)), "200 OK"));
}

TEST_CASE("no bytes bring the server down", "[http_server]") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  Random random(seed);
  ServerFixture fixture;
  for (int round = 0; round < 500; ++round) {
    Socket client = Socket::connect(fixture.address);
    std::string bytes = get("/") + get("/b", "Content-Length: 3\r\n") + "abc" + get("/c");
    for (int i = 0; i < static_cast<int>(random.next() % 10); ++i) {
      bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
    }
    client.send(bytes.substr(0, random.next() % (bytes.size() + 1)));
    for (auto turns = random.next() % 4; turns > 0; --turns) uv_run(&fixture.loop, UV_RUN_NOWAIT);
    if (random.next() % 2 == 0) client.reset();
  }
  CHECK(contains(fixture.exchange(get("/", kClose)), "200 OK"));
}

}  // namespace
}  // namespace faultline
