#include "proxy/packet_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/names.h"
#include "tests/support/socket.h"

namespace faultline {
namespace {

using test::eventually;
using test::milliseconds;
using test::Socket;

/// Long enough for loopback, which answers in microseconds.
constexpr milliseconds kSilence{40};

PacketProgram program_of(const PacketRules& rules) {
  const Result<PacketProgram> program = PacketProgram::build(rules);
  REQUIRE(program);
  return *program;
}

PacketProgram drop_all_program() {
  return program_of({PacketRule{.drop_all = true}});
}

PacketProgram drop_from(const std::vector<std::string>& sources) {
  PacketRule rule{.drop_all = true};
  for (const std::string& source : sources) {
    rule.sources.push_back(IpPrefix::parse(source).value());
  }
  return program_of({rule});
}

void attach(const Socket& socket, const PacketProgram& program) {
  const Result<void> attached = attach_packet_filter(socket.fd(), program);
  INFO((attached ? "" : attached.error().message));
  REQUIRE(attached);
}

/// How many instructions the program on the socket has; 0: there is none.
std::size_t attached_instructions(const Socket& socket) {
  socklen_t count = 0;
  const int result = getsockopt(socket.fd(), SOL_SOCKET, SO_GET_FILTER, nullptr, &count);
  if (result != 0 && errno == EACCES) return 1;  // The shared program, which is not shown.
  REQUIRE(result == 0);
  return count;
}

SocketAddress address_of(const std::string& text) {
  return addresses_of(parse_host_port(text).value(), {}).value().front();
}

/// A client that has sent a SYN to `address` from `source`, and not waited.
Socket knock(const std::string& address, const std::string& source = "") {
  const SocketAddress to = address_of(address);
  Socket client(socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  REQUIRE(client.is_open());
  if (!source.empty()) {
    const SocketAddress from = address_of(source + ":0");
    REQUIRE(bind(client.fd(), from.get(), from.length) == 0);
  }
  REQUIRE((connect(client.fd(), to.get(), to.length) == 0 || errno == EINPROGRESS));
  return client;
}

/// Whether a client of a listener was let in within `patience`.
bool is_let_in(const Socket& client, milliseconds patience = test::kPatience) {
  pollfd poller{.fd = client.fd(), .events = POLLOUT, .revents = 0};
  if (poll(&poller, 1, static_cast<int>(patience.count())) == 0) return false;
  return (poller.revents & (POLLERR | POLLHUP)) == 0;
}

tcp_info info_of(const Socket& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  REQUIRE(getsockopt(socket.fd(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  return info;
}

bool is_kept_out(const Socket& client) {
  return !is_let_in(client, kSilence) && info_of(client).tcpi_state == TCP_SYN_SENT;
}

struct Connection {
  Socket client;
  Socket server;
};

Connection connect_to(const Socket& listener, const std::string& address) {
  Connection connection{Socket::connect(address), {}};
  std::optional<Socket> accepted = listener.accept();
  REQUIRE(accepted);
  connection.server = std::move(*accepted);
  return connection;
}

Connection connection_on(const std::string& address) {
  const Socket listener = Socket::listen(address);
  return connect_to(listener, listener.local_address());
}

/// "127.0.0.1:0", and "[::1]:0" where there is IPv6.
std::vector<std::string> loopbacks() {
  std::vector<std::string> addresses = {"127.0.0.1:0"};
  const SocketAddress six = address_of("[::1]:0");
  const Socket probe(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool has_ipv6 = probe.is_open() && bind(probe.fd(), six.get(), six.length) == 0;
  if (has_ipv6) {
    addresses.emplace_back("[::1]:0");
  } else {
    WARN("no IPv6 here: not tested");
  }
  return addresses;
}

/// Text in which every place is told from its neighbours.
std::string numbered_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

/// From now on this thread's calls that attach a filter end with `error`; with
/// 0 they look as if they had worked.
bool attaching_ends_with(unsigned error) {
  const auto argument = [](std::size_t index) {
    return static_cast<unsigned>(offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
  };
  std::array<sock_filter, 7> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument(2)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_FILTER, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_ATTACH_BPF, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// What `ask` answers in a thread whose attaching ends so: its error, or "".
template <class Ask>
std::string answer_where_attaching_ends_with(unsigned error, const Ask& ask) {
  std::string answer = "seccomp is not to be had";
  std::thread([&] {
    if (!attaching_ends_with(error)) return;
    const Result<void> result = ask();
    answer = result ? "" : result.error().message;
  }).join();
  return answer;
}

/// Whether filters can be tried here; says so if not. (On some kernels it takes CAP_NET_ADMIN.)
bool can_filter() {
  const Result<void> served = probe_packet_filters();
  if (!served) WARN("not tested: " << served.error().message);
  return served.has_value();
}

}  // namespace

TEST_CASE("a filtered listener answers no SYN, and the next one once healed", "[packet_filter]") {
  if (!can_filter()) return;
  for (const std::string& where : loopbacks()) {
    INFO(where);
    const Socket listener = Socket::listen(where);
    const std::string address = listener.local_address();
    attach(listener, drop_all_program());
    const Socket waiting = knock(address);
    CHECK(is_kept_out(waiting));

    detach_packet_filter(listener.fd());
    CHECK(is_let_in(knock(address)));
    CHECK(is_let_in(waiting));  // The kernel sends the SYN again after a second.
  }
}

TEST_CASE("only the sources in the list are kept out of a port", "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string address = listener.local_address();
  attach(listener, drop_from({"127.0.0.1", "10.0.0.0/8"}));
  const Socket matched = knock(address);
  CHECK(is_let_in(knock(address, "127.0.0.2")));
  CHECK(is_kept_out(matched));

  attach(listener, drop_from({"127.0.0.2/31"}));
  CHECK(is_let_in(knock(address)));
  CHECK(is_kept_out(knock(address, "127.0.0.2")));
  CHECK(is_kept_out(knock(address, "127.0.0.3")));
  CHECK(is_let_in(knock(address, "127.0.0.4")));
}

TEST_CASE("a listener for both families tells IPv4 sources from IPv6 ones", "[packet_filter]") {
  if (!can_filter()) return;
  if (loopbacks().size() < 2) return;
  const Socket listener = Socket::listen("[::]:0");
  const std::string port = test::port_of(listener.local_address());
  attach(listener, drop_from({"::1", "127.0.0.2"}));
  const Socket six = knock("[::1]:" + port);
  const Socket two = knock("127.0.0.1:" + port, "127.0.0.2");
  CHECK(is_let_in(knock("127.0.0.1:" + port)));
  CHECK(is_kept_out(six));
  CHECK(is_kept_out(two));

  attach(listener, drop_from({"::/0"}));
  CHECK(is_let_in(knock("127.0.0.1:" + port)));
  CHECK(is_kept_out(knock("[::1]:" + port)));
}

TEST_CASE("an open connection gets no ACK, and every byte once healed", "[packet_filter]") {
  if (!can_filter()) return;
  for (const std::string& where : loopbacks()) {
    INFO(where);
    const Connection connection = connection_on(where);
    attach(connection.server, drop_all_program());

    const std::string text = numbered_text(300'000);
    std::size_t sent = connection.client.send_some(std::string_view(text).substr(0, 10'000));
    REQUIRE(sent == 10'000);
    // It is the kernel that tries again, by its own clock.
    REQUIRE(eventually([&] { return info_of(connection.client).tcpi_retransmits >= 1; }));
    const unsigned unacked = info_of(connection.client).tcpi_unacked;
    CHECK(unacked >= 1);
    CHECK(connection.server.is_quiet_for(milliseconds(0)));
    CHECK(info_of(connection.server).tcpi_state == TCP_ESTABLISHED);

    detach_packet_filter(connection.server.fd());
    std::thread writer([&] { connection.client.send(std::string_view(text).substr(sent)); });
    const std::string received = connection.server.receive(text.size());
    writer.join();
    CHECK(received == text);
    CHECK(eventually([&] { return info_of(connection.client).tcpi_unacked == 0; }));
  }
}

TEST_CASE("what the other side does is not seen either: FIN and RST are dropped",
          "[packet_filter]") {
  if (!can_filter()) return;
  Connection finished = connection_on("127.0.0.1:0");
  attach(finished.server, drop_all_program());
  finished.client.shut_down_write();
  CHECK(finished.server.is_quiet_for(kSilence));
  detach_packet_filter(finished.server.fd());
  CHECK(finished.server.receive_all().ending == test::Ending::kFinish);

  Connection reset = connection_on("127.0.0.1:0");
  attach(reset.server, drop_all_program());
  reset.client.reset();
  CHECK(reset.server.is_quiet_for(kSilence));
  detach_packet_filter(reset.server.fd());
  CHECK(reset.server.is_quiet_for(kSilence));  // An RST is sent once.
}

TEST_CASE("one side filtered is a one-way cut", "[packet_filter]") {
  if (!can_filter()) return;
  const Connection connection = connection_on("127.0.0.1:0");
  attach(connection.server, drop_all_program());
  connection.server.send("this way it is open");
  CHECK(connection.client.receive(19) == "this way it is open");
  connection.client.send("and this way not");
  CHECK(connection.server.is_quiet_for(kSilence));
  // The ACK of what did arrive was dropped too.
  CHECK(info_of(connection.server).tcpi_unacked >= 1);
}

TEST_CASE("ten thousand replacements leave no moment without a filter", "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string address = listener.local_address();
  const PacketProgram one = drop_all_program();
  const PacketProgram other = drop_from({"127.0.0.1", "fd00::/8"});
  attach(listener, one);
  std::atomic<bool> is_over = false;
  std::atomic<int> refused = 0;
  std::thread replacer([&] {
    for (int i = 0; i < 10'000; ++i) {
      if (!attach_packet_filter(listener.fd(), i % 2 == 0 ? other : one)) ++refused;
    }
    is_over = true;
  });
  std::size_t knocks = 0;
  std::size_t let_in = 0;
  // Over loopback a handshake is done before connect() returns.
  for (; !is_over; ++knocks) {
    const Socket client = knock(address);
    let_in += info_of(client).tcpi_state == TCP_SYN_SENT ? 0 : 1;
  }
  replacer.join();
  CAPTURE(knocks);
  CHECK(knocks > 1'000);
  CHECK(let_in == 0);
  CHECK(refused == 0);
  CHECK_FALSE(listener.accept(milliseconds(0)));
  // That the loop would have seen it:
  detach_packet_filter(listener.fd());
  CHECK(info_of(knock(address)).tcpi_state == TCP_ESTABLISHED);
}

TEST_CASE("a connection inherits its listener's filter as its handshake ends", "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string address = listener.local_address();
  const PacketProgram long_ones = program_of({PacketRule{.longer_than = 1'000}});
  const Socket early = Socket::connect(address);  // Waits to be accepted.
  attach(listener, long_ones);
  const Socket late = Socket::connect(address);
  detach_packet_filter(listener.fd());

  const std::optional<Socket> before = listener.accept();
  const std::optional<Socket> during = listener.accept();
  REQUIRE(before);
  REQUIRE(during);
  CHECK(attached_instructions(*before) == 0);
  CHECK(attached_instructions(*during) == long_ones.instructions().size());
  CHECK(attached_instructions(listener) == 0);

  const std::string text = numbered_text(5'000);
  late.send(text);
  CHECK(during->is_quiet_for(kSilence));
  detach_packet_filter(during->fd());
  CHECK(during->receive(text.size()) == text);
}

TEST_CASE("longer-than counts what the wire carries, to the byte", "[packet_filter]") {
  if (!can_filter()) return;
  for (const std::string& where : loopbacks()) {
    INFO(where);
    const Connection fits = connection_on(where);
    const bool has_stamps = (info_of(fits.client).tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
    const std::size_t headers = (where.front() == '[' ? 40 : 20) + (has_stamps ? 32 : 20);
    const std::string text = numbered_text(1'000);
    attach(fits.server, program_of({PacketRule{.longer_than = headers + text.size()}}));
    fits.client.send(text);
    CHECK(fits.server.receive(text.size()) == text);

    const Connection one_more = connection_on(where);
    attach(one_more.server, program_of({PacketRule{.longer_than = headers + text.size() - 1}}));
    one_more.client.send(text);
    CHECK(one_more.server.is_quiet_for(kSilence));
    CHECK(info_of(one_more.client).tcpi_unacked == 1);
  }
}

TEST_CASE("loss keeps out its share of the SYNs", "[packet_filter]") {
  if (!can_filter()) return;
  const auto share_kept_out = [](double loss, int clients) {
    const Socket listener = Socket::listen("127.0.0.1:0");
    const std::string address = listener.local_address();
    attach(listener, program_of({PacketRule{.loss = loss}}));
    int kept_out = 0;
    for (int i = 0; i < clients; ++i) {
      kept_out += info_of(knock(address)).tcpi_state == TCP_SYN_SENT ? 1 : 0;
    }
    return static_cast<double>(kept_out) / clients;
  };
  CHECK(share_kept_out(0, 200) == 0);
  CHECK(share_kept_out(1, 200) == 1);
  // The kernel's chance has no seed: six standard deviations.
  CHECK(share_kept_out(0.25, 1'000) == Approx(0.25).margin(0.083));
}

TEST_CASE("a lossy connection loses no byte of the stream", "[packet_filter]") {
  if (!can_filter()) return;
  const Connection connection = connection_on("127.0.0.1:0");
  attach(connection.server, program_of({PacketRule{.loss = 0.05}}));
  attach(connection.client, program_of({PacketRule{.loss = 0.05}}));
  const std::string text = numbered_text(400'000);
  std::thread writer([&] {
    for (std::size_t at = 0; at < text.size(); at += 1'000) {
      connection.client.send(std::string_view(text).substr(at, 1'000));
    }
  });
  const std::string received = connection.server.receive(text.size());
  writer.join();
  CHECK(received == text);
  // A few large segments may have carried all that, and none of them been lost: of 500 small ones
  // one is.
  const auto was_lossy = [&] { return info_of(connection.client).tcpi_total_retrans > 0; };
  for (int i = 0; i < 500 && !was_lossy(); ++i) {
    connection.client.send("x");
    REQUIRE(connection.server.receive(1) == "x");
  }
  CHECK(was_lossy());
}

TEST_CASE("attaching the empty program detaches, and detaching nothing is fine",
          "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  detach_packet_filter(listener.fd());
  attach(listener, drop_all_program());
  CHECK(attached_instructions(listener) > 0);
  attach(listener, {});
  CHECK(attached_instructions(listener) == 0);
  CHECK(is_let_in(knock(listener.local_address())));
}

TEST_CASE("the longest program can be replaced by another", "[packet_filter]") {
  if (!can_filter()) return;
  PacketRule rule{.drop_all = true};
  for (int i = 0; i < 400; ++i) {
    rule.sources.push_back(
        IpPrefix::parse("1:2:3:4:5:6:7:" + std::to_string(2 * i) + "/127").value());
  }
  const PacketProgram longest = program_of({rule});
  const Socket listener = Socket::listen("127.0.0.1:0");
  attach(listener, longest);
  attach(listener, longest);
  CHECK(is_let_in(knock(listener.local_address())));
}

TEST_CASE("the probe says that filters work where they do, quickly", "[packet_filter]") {
  if (!can_filter()) return;
  const milliseconds time = test::time_of([] {
    const Result<void> served = probe_packet_filters();
    INFO((served ? "" : served.error().message));
    CHECK(served);
  });
  CHECK(time < milliseconds(100));
}

TEST_CASE("the probe says why filters cannot be had", "[packet_filter]") {
  CHECK(answer_where_attaching_ends_with(EPERM, probe_packet_filters) ==
        "the kernel refuses packet filters: operation not permitted");
  CHECK(answer_where_attaching_ends_with(0, probe_packet_filters) ==
        "the kernel takes packet filters but does not heed them");
}

TEST_CASE("an attachment that is refused leaves the old filter", "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  attach(listener, drop_all_program());
  const std::size_t before = attached_instructions(listener);
  REQUIRE(before > 0);
  const PacketProgram other = drop_from({"10.0.0.0/8"});
  const auto ask = [&] { return attach_packet_filter(listener.fd(), other); };
  CHECK(answer_where_attaching_ends_with(ENOMEM, ask) ==
        "the packet filter takes more memory than a socket may have; shorten its list of sources "
        "or raise net.core.optmem_max");
  CHECK(attached_instructions(listener) == before);
}

TEST_CASE("a replacement that is refused leaves no filter", "[packet_filter]") {
  if (!can_filter()) return;
  const Socket listener = Socket::listen("127.0.0.1:0");
  attach(listener, drop_all_program());
  const PacketProgram other = drop_from({"10.0.0.0/8"});
  const auto ask = [&] { return replace_packet_filter(listener.fd(), other); };
  CHECK(answer_where_attaching_ends_with(ENOMEM, ask) != "");
  CHECK(attached_instructions(listener) == 0);
  CHECK(is_let_in(knock(listener.local_address())));
}

}  // namespace faultline
