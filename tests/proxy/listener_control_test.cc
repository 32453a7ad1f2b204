#include "proxy/listener_control.h"

#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "proxy/listening_socket.h"
#include "proxy/packet_filter.h"
#include "tests/support/socket.h"

namespace faultline {
namespace {

using test::milliseconds;
using test::Socket;

/// Long enough for loopback, which answers in microseconds.
constexpr milliseconds kSilence{40};

/// Says that the rest is not tested where filters cannot be had.
bool can_filter() {
  const Result<void> probed = probe_packet_filters();
  if (!probed) WARN("not tested: " << probed.error().message);
  return probed.has_value();
}

PacketRules drop_from(const std::string& source) {
  return {PacketRule{.drop_all = true, .sources = {IpPrefix::parse(source).value()}}};
}

/// More prefixes than a program can hold.
PacketRules too_many_sources() {
  PacketRule rule{.drop_all = true};
  for (int i = 0; i < 800; ++i) {
    rule.sources.push_back(IpPrefix::parse("1:2:3:4:5:6:7:" + std::to_string(i) + "/128").value());
  }
  return {rule};
}

/// A listening socket under control, from which nobody accepts unasked.
struct Port {
  explicit Port(const std::string& address = "127.0.0.1:0")
      : socket(ListeningSocket::bind(address, {}).value()) {
    control.take(socket.fd());
  }

  /// A client that has sent a SYN, and not waited.
  Socket knock() const {
    const std::string port = test::port_of(socket.address());
    const SocketAddress to =
        addresses_of(parse_host_port("127.0.0.1:" + port).value(), {}).value().front();
    Socket client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(client.fd(), to.get(), to.length);
    return client;
  }

  /// What is next in the queue, and where it comes from.
  std::pair<Socket, SocketAddress> accept() const {
    pollfd poller{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    poll(&poller, 1, static_cast<int>(test::kPatience.count()));
    SocketAddress from;
    from.length = sizeof from.storage;
    Socket accepted(::accept4(socket.fd(), from.get(), &from.length, SOCK_CLOEXEC));
    return {std::move(accepted), from};
  }

  ListeningSocket socket;
  ListenerControl::Shared shared;
  ListenerControl control{shared};
};

bool is_let_in(const Socket& client, milliseconds patience = test::kPatience) {
  pollfd poller{.fd = client.fd(), .events = POLLOUT, .revents = 0};
  if (poll(&poller, 1, static_cast<int>(patience.count())) == 0) return false;
  return (poller.revents & (POLLERR | POLLHUP)) == 0;
}

/// Runs `test` on a network of its own that has IPv4's loopback and no IPv6
/// address; false if that cannot be had.
bool run_without_ipv6(const std::function<void()>& test) {
  bool has_run = false;
  std::jthread([&] {
    if (unshare(CLONE_NEWNET) != 0) return;
    std::ofstream("/proc/sys/net/ipv6/conf/all/disable_ipv6") << 1;
    const Socket any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    std::string_view("lo").copy(loopback.ifr_name, IFNAMSIZ - 1);
    loopback.ifr_flags = IFF_UP;
    if (ioctl(any.fd(), SIOCSIFFLAGS, &loopback) != 0) return;
    has_run = true;
    test();
  }).join();
  return has_run;
}

TEST_CASE("a filter that cannot be had does not leave the one before in force",
          "[listener_control]") {
  if (!can_filter()) return;
  Port port;
  port.control.set({.drops = drop_from("127.0.0.1")});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({.drops = too_many_sources()});
  CHECK(is_let_in(port.knock()));
  port.control.set({.drops = drop_from("127.0.0.1")});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({});
  CHECK(is_let_in(port.knock()));
}

TEST_CASE("a full queue stays full when a blackhole beside it goes or comes",
          "[listener_control]") {
  if (!can_filter()) return;
  const PacketRules dead = {PacketRule{.drop_all = true}};
  Port port;
  port.control.set({.drops = dead});
  port.control.set({.listening = Listening::kFull, .drops = dead});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({.listening = Listening::kFull, .drops = {}});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({.listening = Listening::kFull, .drops = dead});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({.drops = dead});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({});
  CHECK(is_let_in(port.knock()));
}

TEST_CASE("our own connection in a full queue is known for what it is, once",
          "[listener_control]") {
  Port port;
  port.control.set({.listening = Listening::kFull, .drops = {}});
  auto [own, from] = port.accept();
  REQUIRE(own.is_open());
  CHECK(port.shared.take_filler(own.fd(), from));  // Though it is open still.
  CHECK_FALSE(port.shared.take_filler(own.fd(), from));

  // One that has been taken out is made again with the next change of what is dropped.
  if (!can_filter()) return;
  own.close();
  port.control.set({.listening = Listening::kFull, .drops = drop_from("10.0.0.0/8")});
  CHECK_FALSE(is_let_in(port.knock(), kSilence));
  port.control.set({});
  const auto [dead, dead_from] = port.accept();
  CHECK(port.shared.take_filler(dead.fd(), dead_from));
  const Socket client = port.knock();
  REQUIRE(is_let_in(client));
  const auto [real, real_from] = port.accept();
  CHECK_FALSE(port.shared.take_filler(real.fd(), real_from));
}

TEST_CASE("the queue of a port on all addresses is filled where there is no ::1",
          "[listener_control]") {
  bool was_let_in = true;
  const bool has_run = run_without_ipv6([&] {
    Port port(":0");
    port.control.set({.listening = Listening::kFull, .drops = {}});
    was_let_in = is_let_in(port.knock(), kSilence);
  });
  if (!has_run) {
    WARN("not tested: no network of our own can be had");
    return;
  }
  CHECK_FALSE(was_let_in);
}

}  // namespace
}  // namespace faultline
