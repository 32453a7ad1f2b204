#include "proxy/client_probe.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/destination.h"
#include "proxy/socket.h"

namespace faultline {

namespace {

constexpr std::size_t kMostHeard = 64;

Error cannot_dial(const SocketAddress& from, const char* call) {
  return {ErrorKind::kNetwork,
          "from " + CompactAddress(from).text() + ": " + call + ": " + std::strerror(errno),
          {}};
}

/// All that a client of SOCKS 5 says (RFC 1928, RFC 1929), which need not wait for the answers.
std::string socks_greeting(const std::string& user, const std::string& host, std::uint16_t port) {
  std::string said = user.empty() ? std::string("\x05\x01\x00", 3) : std::string("\x05\x01\x02", 3);
  if (!user.empty()) {
    said += '\x01';
    said += static_cast<char>(user.size());
    said += user + std::string("\x01x", 2);
  }
  said += std::string("\x05\x01\x00\x03", 4);
  said += static_cast<char>(host.size());
  said += host;
  said += static_cast<char>(port >> 8U);
  said += static_cast<char>(port & 0xFFU);
  return said;
}

std::string greeting_of(const ProbePlan& plan) {
  if (plan.protocol == Protocol::kConnect) {
    return "CONNECT " + plan.destination + " HTTP/1.1\r\nHost: " + plan.destination + "\r\n\r\n";
  }
  if (plan.protocol != Protocol::kSocks5) return "";
  const Destination to = destination_of(plan.destination);
  return socks_greeting(plan.client_name, std::string(to.host), to.port);
}

}  // namespace

const std::vector<std::string>& probe_outcome_names() {
  static const std::vector<std::string> kNames = {"not-probed", "pending", "refused", "timed-out",
                                                  "reset",      "closed",  "held",    "answered"};
  return kNames;
}

std::string_view to_string(ProbeOutcome outcome) {
  return probe_outcome_names().at(static_cast<std::size_t>(outcome));
}

Result<std::unique_ptr<ClientProbe>> ClientProbe::dial(const ProbePlan& plan,
                                                       ExpectedProbes& expected, TimePoint now) {
  FileDescriptor socket(::socket(plan.to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return Fail(cannot_dial(plan.from, "socket"));
  if (::bind(socket.get(), plan.from.get(), plan.from.length) != 0) {
    return Fail(cannot_dial(plan.from, "bind"));
  }
  SocketAddress bound;
  bound.length = sizeof bound.storage;
  if (::getsockname(socket.get(), bound.get(), &bound.length) != 0) {
    return Fail(cannot_dial(plan.from, "getsockname"));
  }
  const CompactAddress from(bound);
  std::shared_ptr<ProbeMark> mark = expected.expect(from, now);  // Before anybody can accept it.
  const int done = ::connect(socket.get(), plan.to.get(), plan.to.length);
  if (done != 0 && errno != EINPROGRESS && errno != ECONNREFUSED) {
    const Error error = cannot_dial(plan.from, "connect");
    expected.forget(from);
    return Fail(error);
  }
  const bool is_refused = done != 0 && errno == ECONNREFUSED;
  std::unique_ptr<ClientProbe> probe(
      new ClientProbe(std::move(socket), plan, from, std::move(mark), now));
  if (is_refused) probe->outcome_ = ProbeOutcome::kRefused;
  return probe;
}

ClientProbe::ClientProbe(FileDescriptor socket, const ProbePlan& plan, CompactAddress from,
                         std::shared_ptr<ProbeMark> mark, TimePoint now)
    : socket_(std::move(socket)),
      protocol_(plan.protocol),
      is_named_(!plan.client_name.empty()),
      from_(from),
      mark_(std::move(mark)),
      began_(now),
      to_say_(plan.header + greeting_of(plan)) {}

ProbeOutcome ClientProbe::look(TimePoint now) {
  if (outcome_ != ProbeOutcome::kPending) return outcome_;
  outcome_ = go_on();
  const bool is_over = now - began_ >= kTimeLimit;
  if (outcome_ == ProbeOutcome::kPending && is_over) {
    outcome_ = is_connected_ ? ProbeOutcome::kHeld : ProbeOutcome::kTimedOut;
  }
  took_ = now - began_;
  return outcome_;
}

ProbeOutcome ClientProbe::go_on() {
  if (!is_connected_) {
    pollfd writable{socket_.get(), POLLOUT, 0};
    if (::poll(&writable, 1, 0) <= 0) return ProbeOutcome::kPending;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == ETIMEDOUT) return ProbeOutcome::kTimedOut;
    if (error == ECONNRESET) return ProbeOutcome::kReset;  // It was connected before we looked.
    if (error != 0) return ProbeOutcome::kRefused;
    is_connected_ = true;
  }
  if (!to_say_.empty()) {
    const ssize_t sent = ::send(socket_.get(), to_say_.data(), to_say_.size(), MSG_NOSIGNAL);
    if (sent > 0) to_say_.erase(0, static_cast<std::size_t>(sent));
  }
  // A client would be told by the first byte that the upstream sends; it may be waiting for ours.
  if (protocol_ == Protocol::kTcp && mark_->is_dialled.load()) return ProbeOutcome::kAnswered;
  return hear();
}

ProbeOutcome ClientProbe::hear() {
  std::array<char, kMostHeard> bytes{};
  const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (got == 0) return ProbeOutcome::kClosed;
  if (got < 0) {
    const bool is_silent = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return is_silent ? ProbeOutcome::kPending : ProbeOutcome::kReset;
  }
  const std::size_t room = kMostHeard - heard_.size();
  heard_.append(bytes.data(), std::min(room, static_cast<std::size_t>(got)));
  return understand();
}

/// What the answer to its greeting says.
ProbeOutcome ClientProbe::understand() const {
  switch (protocol_) {
    case Protocol::kSocks5: {
      // Two bytes for the method, two more for the user, then the version and the reply's code.
      const std::size_t reply_at = (is_named_ ? 4 : 2) + 1;
      if (heard_.size() <= reply_at) return ProbeOutcome::kPending;
      return heard_[reply_at] == 0 ? ProbeOutcome::kAnswered : ProbeOutcome::kRefused;
    }
    case Protocol::kConnect: {
      constexpr std::string_view kVersion = "HTTP/1.1 ";
      if (heard_.size() <= kVersion.size()) return ProbeOutcome::kPending;
      return heard_[kVersion.size()] == '2' ? ProbeOutcome::kAnswered : ProbeOutcome::kRefused;
    }
    default:
      return ProbeOutcome::kAnswered;
  }
}

tcp_info ClientProbe::info() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  const bool is_said = ::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  return is_said ? info : tcp_info{};
}

std::uint64_t ClientProbe::unanswered_packets() const {
  const tcp_info now = info();
  return now.tcpi_state == TCP_SYN_SENT ? 1U + now.tcpi_total_retrans : 0;
}

bool ClientProbe::may_be_accepted() const {
  return connection() == 0 && info().tcpi_state != TCP_SYN_SENT &&
         outcome_ != ProbeOutcome::kRefused;
}

void ClientProbe::hang_up() {
  if (outcome_ != ProbeOutcome::kAnswered) reset_on_close(socket_.get());
  socket_ = FileDescriptor();
}

}  // namespace faultline
