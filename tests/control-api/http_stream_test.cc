#include <catch2/catch.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control-api/http_server.h"
#include "tests/support/socket.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using test::Ending;
using test::Socket;

/// What the test has given a stream to say, and what became of it.
struct Script {
  std::string text;
  bool has_ended = false;
  bool stalled = false;
  bool destroyed = false;
  std::size_t most_asked = 0;
  std::function<void()> on_more;
};

class ScriptedStream final : public BodyStream {
 public:
  explicit ScriptedStream(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~ScriptedStream() override {
    script_->destroyed = true;
    script_->on_more = nullptr;
  }
  ScriptedStream(const ScriptedStream&) = delete;
  ScriptedStream& operator=(const ScriptedStream&) = delete;

  void start(std::function<void()> on_more) override { script_->on_more = std::move(on_more); }
  std::string next(std::size_t most) override {
    script_->most_asked = std::max(script_->most_asked, most);
    const std::string bytes = script_->text.substr(0, most);
    script_->text.erase(0, bytes.size());
    return bytes;
  }
  bool has_ended() const override { return script_->has_ended; }
  std::string keep_alive() override { return ": ping\n\n"; }
  void on_stalled() noexcept override { script_->stalled = true; }

 private:
  const std::shared_ptr<Script> script_;
};

/// A server that answers every request with a stream, and "/plain" without.
class StreamFixture {
 public:
  explicit StreamFixture(const HttpLimits& limits = {}) {
    std::signal(SIGPIPE, SIG_IGN);
    REQUIRE(uv_loop_init(&loop) == 0);
    server.emplace(loop, limits,
                   [this](const HttpRequest& request, const Names&) { return answer(request); });
    const auto bound = server->listen("127.0.0.1", 0);
    REQUIRE(bound);
    address = to_string(*bound);
  }
  ~StreamFixture() {
    server.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  StreamFixture(const StreamFixture&) = delete;
  StreamFixture& operator=(const StreamFixture&) = delete;

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

  /// Reads into `received` until `part` has come.
  void read_until(const Socket& client, std::string& received, const std::string& part) {
    turn_until([&] {
      const test::Received more = client.receive_some(65536, 0ms);
      received += more.bytes;
      REQUIRE((more.ending == Ending::kOpen || received.find(part) != std::string::npos));
      return received.find(part) != std::string::npos;
    });
  }

  std::string read_to_end(const Socket& client, Ending expected = Ending::kFinish) {
    std::string received;
    Ending ending = Ending::kOpen;
    turn_until([&] {
      const test::Received more = client.receive_some(65536, 0ms);
      received += more.bytes;
      ending = more.ending;
      return ending != Ending::kOpen;
    });
    CHECK(ending == expected);
    return received;
  }

  /// A client whose stream has begun.
  Socket open_stream(const std::string& request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n") {
    const std::size_t count = scripts.size();
    Socket client = Socket::connect(address);
    client.send(request);
    turn_until([&] { return scripts.size() > count && scripts.back()->on_more != nullptr; });
    return client;
  }

  /// The stream made last says more.
  void say(const std::string& text) {
    scripts.back()->text += text;
    scripts.back()->on_more();
  }

  uv_loop_t loop{};
  std::string address;
  std::vector<std::shared_ptr<Script>> scripts;  // Of the streams made, in order.
  std::optional<HttpServer> server;

 private:
  Result<HttpResponse> answer(const HttpRequest& request) {
    HttpResponse response{200, {{"Content-Type", "text/event-stream"}}, ""};
    if (request.target == "/plain") {
      response.body = "plain";
      return response;
    }
    scripts.push_back(std::make_shared<Script>());
    response.stream = std::make_unique<ScriptedStream>(scripts.back());
    return response;
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a stream's bytes are sent as they come, in chunks, until it ends", "[http_stream]") {
  StreamFixture fixture;
  const Socket client = fixture.open_stream();
  std::string received;
  fixture.read_until(client, received, "\r\n\r\n");
  CHECK(contains(received, "HTTP/1.1 200 OK\r\n"));
  CHECK(contains(received, "Transfer-Encoding: chunked\r\n"));
  CHECK(contains(received, "Connection: close\r\n"));
  CHECK_FALSE(contains(received, "Content-Length"));
  received.clear();
  fixture.say("hello");
  fixture.read_until(client, received, "5\r\nhello\r\n");
  fixture.say("sixteen bytes ..");
  fixture.read_until(client, received, "10\r\nsixteen bytes ..\r\n");
  fixture.scripts.back()->has_ended = true;
  fixture.say("");
  CHECK(fixture.read_to_end(client) == "0\r\n\r\n");
  CHECK(fixture.scripts.back()->destroyed);
}

TEST_CASE("a stream to an HTTP/1.0 client ends with the connection", "[http_stream]") {
  StreamFixture fixture;
  const Socket client = fixture.open_stream("GET / HTTP/1.0\r\n\r\n");
  fixture.say("hello");
  fixture.scripts.back()->has_ended = true;
  const std::string received = fixture.read_to_end(client);
  CHECK(contains(received, "HTTP/1.0 200 OK\r\n"));
  CHECK_FALSE(contains(received, "chunked"));
  CHECK(received.substr(received.size() - 9) == "\r\n\r\nhello");
}

TEST_CASE("HEAD gets no stream, and the connection goes on", "[http_stream]") {
  StreamFixture fixture;
  const Socket client = Socket::connect(fixture.address);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string received;
  fixture.read_until(client, received, "plain");
  CHECK(contains(received, "Transfer-Encoding: chunked\r\n"));
  CHECK(received.find("HTTP/1.1 200 OK", 1) == received.find("\r\n\r\n") + 4);
  CHECK(fixture.scripts.back()->destroyed);
}

TEST_CASE("much is cut into pieces, and each is asked for when the last has left",
          "[http_stream]") {
  HttpLimits limits;
  limits.stream.piece_bytes = 1000;
  StreamFixture fixture(limits);
  const Socket client = fixture.open_stream("GET / HTTP/1.0\r\n\r\n");
  std::string text;
  for (int i = 0; text.size() < 1'000'000; ++i) text += std::to_string(i) + ",";
  fixture.say(text);
  fixture.scripts.back()->has_ended = true;
  const std::string received = fixture.read_to_end(client);
  CHECK(received.substr(received.find("\r\n\r\n") + 4) == text);
  CHECK(fixture.scripts.back()->most_asked == 1000);
}

TEST_CASE("an idle stream outlives the other deadlines, and is kept alive", "[http_stream]") {
  HttpLimits limits;
  limits.read = limits.idle = limits.write = limits.handle = 50ms;
  limits.stream.silent = 100ms;
  limits.stream.stall = 100ms;
  StreamFixture fixture(limits);
  const Socket client = fixture.open_stream();
  std::string received;
  const auto start = test::Clock::now();
  for (int i = 0; i < 3; ++i) {
    received.clear();
    fixture.read_until(client, received, "8\r\n: ping\n\n\r\n");
  }
  CHECK(test::Clock::now() - start >= 290ms);
  fixture.say("still here");
  fixture.read_until(client, received, "still here");
  CHECK_FALSE(fixture.scripts.back()->stalled);
}

TEST_CASE("a client that acknowledges nothing is let go with the next keep-alive",
          "[http_stream]") {
  HttpLimits limits;
  limits.stream.silent = 200ms;
  StreamFixture fixture(limits);
  const Socket stalled = fixture.open_stream();
  stalled.set_receive_buffer(4096);
  const auto script = fixture.scripts.back();
  fixture.say(std::string(100'000, 'x'));  // The kernel takes it all, the client a part of it.
  fixture.turn_until([&] { return script->stalled; });
  CHECK(stalled.receive_all().ending == Ending::kReset);
}

TEST_CASE("news that are none do not put off the keep-alive", "[http_stream]") {
  HttpLimits limits;
  limits.stream.silent = 100ms;
  StreamFixture fixture(limits);
  const Socket client = fixture.open_stream();
  std::string received;
  fixture.turn_until([&] {
    fixture.scripts.back()->on_more();
    received += client.receive_some(65536, 0ms).bytes;
    return contains(received, ": ping");
  });
}

TEST_CASE("a client that does not read is let go with RST, others go on", "[http_stream]") {
  HttpLimits limits;
  limits.stream.stall = 200ms;
  StreamFixture fixture(limits);
  const Socket good = fixture.open_stream();
  const auto good_script = fixture.scripts.back();
  const Socket stalled = fixture.open_stream();
  stalled.set_receive_buffer(4096);
  const auto script = fixture.scripts.back();
  const std::string much(50'000'000, 'x');
  fixture.say(much);
  fixture.turn_until([&] { return script->stalled; });
  CHECK(script->destroyed);
  CHECK(script->text.size() > much.size() / 2);  // No more was asked for than was sent.
  fixture.turn_for(20ms);
  CHECK(stalled.receive_all(1s).ending == Ending::kReset);
  good_script->text = "hello";
  good_script->on_more();
  std::string received;
  fixture.read_until(good, received, "hello");
}

TEST_CASE("a client that reads slowly but steadily is not let go", "[http_stream]") {
  HttpLimits limits;
  limits.stream.stall = 1s;
  StreamFixture fixture(limits);
  const Socket client = fixture.open_stream();
  fixture.say(std::string(100'000'000, 'x'));
  const auto end = test::Clock::now() + 2500ms;
  while (test::Clock::now() < end) {
    fixture.turn_for(100ms);
    std::size_t left = 300'000;  // The kernel tells the sender of no less than 64 KiB.
    fixture.turn_until([&] {
      left -= client.receive_some(left, 0ms).bytes.size();
      return left == 0;
    });
    REQUIRE_FALSE(fixture.scripts.back()->stalled);
  }
  CHECK_FALSE(fixture.scripts.back()->destroyed);
  CHECK(fixture.scripts.back()->text.size() > 50'000'000);
}

TEST_CASE("a client that goes is noticed, though nothing is sent", "[http_stream]") {
  StreamFixture fixture;
  Socket client = fixture.open_stream();
  const auto script = fixture.scripts.back();
  SECTION("with FIN") {
    client.close();
  }
  SECTION("with RST") {
    client.reset();
  }
  SECTION("while it has said what nobody asked for") {
    client.send(std::string(100'000, 'x'));
    fixture.turn_for(10ms);
    CHECK_FALSE(script->destroyed);
    client.close();
  }
  fixture.turn_until([&] { return script->destroyed; });
  CHECK_FALSE(script->stalled);
}

TEST_CASE("streams above the limit are answered 503", "[http_stream]") {
  HttpLimits limits;
  limits.stream.count = 2;
  StreamFixture fixture(limits);
  Socket first = fixture.open_stream();
  const Socket second = fixture.open_stream();
  const Socket third = Socket::connect(fixture.address);
  third.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /plain HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string received;
  fixture.read_until(third, received, "plain");
  CHECK(contains(received, "HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK(contains(received, "too many streams"));
  first.close();
  fixture.turn_until([&] { return fixture.scripts.front()->destroyed; });
  const Socket fourth = fixture.open_stream();
}

TEST_CASE("stopping sends what there is and ends streams at once", "[http_stream]") {
  StreamFixture fixture;
  const Socket client = fixture.open_stream();
  std::string received;
  fixture.read_until(client, received, "\r\n\r\n");
  const Socket stalled = fixture.open_stream();
  stalled.set_receive_buffer(4096);
  fixture.say(std::string(50'000'000, 'x'));
  fixture.turn_for(50ms);
  fixture.scripts.front()->text = "last words";
  bool stopped = false;
  const auto start = test::Clock::now();
  fixture.server->stop(9s, [&] { stopped = true; });
  fixture.turn_until([&] { return stopped; });
  CHECK(test::Clock::now() - start < 3s);
  CHECK(contains(fixture.read_to_end(client), "last words\r\n0\r\n\r\n"));
}

TEST_CASE("a server that goes takes its streams with it", "[http_stream]") {
  StreamFixture fixture;
  const Socket client = fixture.open_stream();
  fixture.say(std::string(50'000'000, 'x'));
  fixture.turn_for(10ms);
  fixture.scripts.back()->on_more();
  fixture.server.reset();
  CHECK(fixture.scripts.back()->destroyed);
}

}  // namespace
}  // namespace faultline
