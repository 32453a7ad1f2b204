#include "tests/support/line.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

namespace faultline::test {

namespace {

sockaddr_in ipv4(const std::string& host, int port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &in.sin_addr);
  return in;
}

}  // namespace

Line::Line(std::vector<std::string> arguments, Behaviour behaviour)
    : world({.arguments = std::move(arguments)}),
      upstream(std::move(behaviour)),
      listen(world.add_proxy("p", upstream.address())) {}

Line::Line(Process::Rights rights)
    : world({.rights = rights}),
      upstream(echo()),
      listen(world.add_proxy("p", upstream.address())) {}

std::string Line::add(const std::string& toxic) {
  const Reply reply = world.api.post("/proxies/p/toxics", R"({"name":"down",)" + toxic + "}");
  INFO(toxic << " -> " << reply.body);
  REQUIRE(reply.status == 200);
  return reply.body;
}

std::string Line::fault(const std::string& type, const std::string& attributes) {
  return add(R"("type":")" + type + R"(","attributes":{)" + attributes + "}");
}

bool is_served_by_kernel(const std::string& answer) {
  if (answer.find(R"("engine":"kernel")") != std::string::npos) return true;
  sock_filter keep_all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
  const sock_fprog program{.len = 1, .filter = &keep_all};
  const Socket probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int refused =
      setsockopt(probe.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  const std::string why = std::strerror(errno);
  if (refused == 0) FAIL("the kernel could serve this: " << answer);
  WARN("not tested: the kernel refuses packet filters: " << why);
  return false;
}

Socket knock(const std::string& address, const std::string& source) {
  Socket client(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!source.empty()) {
    const sockaddr_in from = ipv4(source, 0);
    if (bind(client.fd(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      throw std::runtime_error("cannot bind to " + source);
    }
  }
  const sockaddr_in to = ipv4(address.substr(0, address.rfind(':')), std::stoi(port_of(address)));
  // A refusal is told at once on loopback; poll() and SO_ERROR tell of it later.
  (void)::connect(client.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  return client;
}

std::optional<int> answer_to(const Socket& client, milliseconds patience) {
  pollfd poller{.fd = client.fd(), .events = POLLOUT, .revents = 0};
  if (poll(&poller, 1, static_cast<int>(patience.count())) == 0) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

bool is_reset(const Socket& client) {
  constexpr milliseconds kSilence{100};
  const std::optional<int> answer = answer_to(client);
  if (answer != 0) return answer == ECONNRESET;  // SO_ERROR is told once.
  return client.receive_some(1, kSilence).ending == Ending::kReset;
}

tcp_info info_of(const Socket& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return info;
}

Ending ending_of(const Socket& socket, milliseconds patience) {
  return socket.receive_all(patience).ending;
}

std::string long_trip(const Socket& socket, const std::string& text) {
  std::jthread writer([&] {
    try {
      socket.send(text);
    } catch (const std::runtime_error&) {  // The reader will miss what was not sent.
    }
  });
  return socket.receive(text.size());
}

}  // namespace faultline::test
