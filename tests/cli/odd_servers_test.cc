// The client commands against servers that answer oddly: a relay in front of a real one.

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/client.h"
#include "tests/support/server.h"

namespace faultline {
using nlohmann::json;
using test::Client;
using test::RunningServer;

namespace {

using Forward = std::function<std::string(const std::string& request)>;
/// What to answer to a request; "" closes the connection unanswered.
using Answer = std::function<std::string(const std::string& request, const Forward& forward)>;

std::string read_request(const test::Socket& peer) {
  std::string text;
  const auto read_until = [&](const auto& is_whole) {
    while (!is_whole()) {
      const std::string more = peer.receive_some(64 * 1024).bytes;
      if (more.empty()) throw std::runtime_error("half a request");
      text += more;
    }
  };
  read_until([&] { return text.find("\r\n\r\n") != std::string::npos; });
  const std::string key = "Content-Length: ";
  const std::size_t size = std::stoul(text.substr(text.find(key) + key.size()));
  read_until([&] { return text.size() >= text.find("\r\n\r\n") + 4 + size; });
  return text;
}

/// A server that passes on to another what `answer` lets it.
test::Behaviour relay_to(const std::string& address, const Answer& answer) {
  return [address, answer](const test::Socket& peer) {
    const std::string reply = answer(read_request(peer), [&](const std::string& request) {
      const test::Socket real = test::Socket::connect(address);
      real.send(request);
      return real.receive_all().bytes;
    });
    peer.send(reply);
    return test::Then::kClose;
  };
}

std::set<std::string> toxics_of(const Client& client) {
  std::set<std::string> names;
  const json described = json::parse(client.says("inspect redis -o json"));
  for (const json& toxic : described["toxics"]) names.insert(toxic["name"].get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("a toxic whose condition the server does not know is taken away again", "[odd_servers]") {
  const RunningServer server;
  const Client direct(server);
  direct.says("create redis -l 127.0.0.1:0 -u a:1");
  const std::pair<std::string, std::string> options[] = {
      {"match", "--client 10.0.0.0/8"},  {"match", "--first 3"},  {"pulse", "--pulse 1s/2s"},
      {"poisson", "--poisson 1s/2s"},    {"after", "--after 1s"}, {"until", "--until 1MB"},
      {"ramp", "--ramp latency=0..9/1s"}};
  for (const auto& [key, option] : options) {
    INFO(option);
    // As Toxiproxy, it takes the toxic and ignores the key.
    const test::Server ignorant(
        relay_to(server.api_address(), [&](std::string request, const Forward& forward) {
          const std::size_t at = request.find("\"" + key + "\"");
          if (at != std::string::npos) request[at + 1] = '_';
          return forward(request);
        }));
    const Client client(ignorant.address());
    CHECK(client.fails("toxic add -t latency redis " + option) ==
          "1: Failed to add toxic: this server does not know " + key +
              ": the toxic is taken away again\n");
    CHECK(toxics_of(direct).empty());
  }
  direct.says("toxic add -t latency redis --after 0s");  // Goes without saying.
}

TEST_CASE("a profile whose toxic may be there, unconfirmed, leaves nothing behind",
          "[odd_servers]") {
  const RunningServer server;
  const Client direct(server);
  direct.says("create redis -l 127.0.0.1:0 -u a:1");
  const test::Server lossy(relay_to(server.api_address(), [](const std::string& request,
                                                             const Forward& forward) {
    const std::string reply = forward(request);
    const bool is_second = request.starts_with("POST ") && request.find("lte_2") != request.npos;
    return is_second ? "" : reply;
  }));
  const Client client(lossy.address());
  const std::string error = client.fails("profile apply redis lte");
  CHECK(error.starts_with("3: Failed to apply profile lte: cannot reach Faultline at "));
  CHECK(error.find("may be left") == std::string::npos);
  CHECK(toxics_of(direct).empty());
  direct.says("toxic add -t noop -n lte_2 redis");  // Not the profile's.
  CHECK(client.fails("profile apply redis lte").starts_with("3: "));
  CHECK(toxics_of(direct) == std::set<std::string>{"lte_2"});
}

TEST_CASE("a toxic of a profile that is gone already counts as removed", "[odd_servers]") {
  const RunningServer server;
  const Client direct(server);
  direct.says("create redis -l 127.0.0.1:0 -u a:1");
  direct.says("profile apply redis lte");
  const test::Server slow(
      relay_to(server.api_address(), [](const std::string& request, const Forward& forward) {
        if (request.starts_with("DELETE ")) forward(request);  // Somebody else was faster.
        return forward(request);
      }));
  CHECK(Client(slow.address()).says("profile remove redis lte") ==
        "Removed profile lte from proxy 'redis': lte_1, lte_2, lte_3\n");
  CHECK(toxics_of(direct).empty());
}

TEST_CASE("a profile is removed as far as it can be, and what is left is said", "[odd_servers]") {
  const RunningServer server;
  const Client direct(server);
  direct.says("create redis -l 127.0.0.1:0 -u a:1");
  direct.says("profile apply redis lte");
  const test::Server failing(
      relay_to(server.api_address(), [](const std::string& request, const Forward& forward) {
        if (request.find("DELETE /proxies/redis/toxics/lte_1 ") == 0) {
          return std::string("HTTP/1.1 500 No\r\nContent-Length: 16\r\n\r\n{\"error\":\"busy\"}");
        }
        if (request.find("DELETE /proxies/redis/toxics/lte_2 ") == 0) return std::string();
        return forward(request);
      }));
  CHECK(Client(failing.address()).fails("profile remove redis lte") ==
        "1: Failed to remove profile lte: `lte_1` is left: HTTP 500: busy; `lte_2` may be left\n");
  CHECK(toxics_of(direct) == std::set<std::string>{"lte_1", "lte_2"});
}

TEST_CASE("an answer that is no Faultline's is said to be none", "[odd_servers]") {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"id":)";
  deep += "1" + std::string(100'000, '}');
  for (const std::string& body : {std::string("null"), std::string("[]"), std::string("3"), deep}) {
    INFO(body.substr(0, 20));
    const test::Server odd(relay_to("", [&](const std::string&, const Forward&) {
      return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             body;
    }));
    const Client client(odd.address());
    for (const char* command : {"lease --ttl 5s --hold", "lease", "stats", "halt --lift",
                                "create x -l :0 -u a:1 --dry-run", "toxic update redis x 5ms"}) {
      INFO(command);
      CHECK(client.fails(command).substr(0, 2) == "3:");
    }
  }
}

TEST_CASE("a stream that is none, or is refused, is said", "[odd_servers]") {
  const auto answering = [](const std::string& answer) {
    return test::Server([answer](const test::Socket& peer) {
      peer.receive_some(64 * 1024);
      peer.send(answer);
      return test::Then::kClose;
    });
  };
  const auto follow = [](const test::Server& server) {
    return Client(server.address()).fails("events --follow");
  };
  CHECK(follow(answering("nonsense\n")).find("is no HTTP server") != std::string::npos);
  CHECK(follow(answering("HTTP/1.0 200 OK\r\nA: b\r\n\r\n: x\n\ndata: 5\n\n"))
            .find("has ended the stream") != std::string::npos);
  CHECK(follow(answering("HTTP/1.0 503 No\r\n\r\n{\"detail\":\"too many\"}")) == "1: too many\n");
  const RunningServer server;
  CHECK(Client(server).fails("events --follow --lease x") ==
        "1: there is no lease `x`: it may have ended\n");
  CHECK(Client(server).fails("lease --ttl 5s --end x") ==
        "2: faultline: lease: give one of --ttl, --renew and --end\n");
}

}  // namespace faultline
