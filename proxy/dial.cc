#include "proxy/dial.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace faultline {

namespace {

/// How long one address may be silent before the next is tried beside it (RFC 8305, section 8).
constexpr Duration kAttemptDelay = std::chrono::milliseconds(250);

/// A unix listener whose queue is full says EAGAIN; then we ask again.
constexpr Duration kUnixRetry = std::chrono::milliseconds(10);

}  // namespace

/// A getaddrinfo under way. libuv calls back even for one that was cancelled,
/// so it owns itself until then.
struct Dial::Lookup {
  uv_getaddrinfo_t request{};
  Dial* dial = nullptr;  // Null once the dial is gone.

  static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    const std::unique_ptr<Lookup> self(static_cast<Lookup*>(request->data));
    const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> owned(list, &uv_freeaddrinfo);
    if (self->dial == nullptr) return;
    self->dial->lookup_ = nullptr;
    self->dial->on_looked_up(status == 0 ? addresses_from(list)
                                         : fail(ErrorKind::kNetwork, "no such host"));
  }
};

Dial::Dial(EventLoop& loop, std::string_view upstream, DialOwner& owner)
    : loop_(loop), owner_(owner), alarm_(loop.alarms(), *this) {
  Result<HostPort> where = parse_host_port(upstream);
  if (!where) {
    last_error_ = where.error();
  } else {
    where_ = *std::move(where);
    // To dial "every address" means this machine, as it does in Go.
    if (where_.host.empty() || where_.host == "0.0.0.0") where_.host = "localhost";
    Result<std::vector<SocketAddress>> addresses = addresses_of(where_, {});
    if (!addresses && addresses.error().kind == ErrorKind::kNeedsLookup) {
      look_up(where_.host);
      return;
    }
    if (addresses) addresses_.assign(addresses->rbegin(), addresses->rend());
    if (!addresses) last_error_ = addresses.error();
  }
  if (!addresses_.empty()) try_next();
  if (attempts_.empty() && held_.empty())
    alarm_.set(clock_now());  // Fails from the loop, not from here.
}

Dial::~Dial() {
  if (lookup_ == nullptr) return;
  lookup_->dial = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
}

void Dial::look_up(const std::string& host) {
  auto lookup = std::make_unique<Lookup>();
  lookup->dial = this;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int status =
      uv_getaddrinfo(loop_.uv(), &lookup->request, &Lookup::on_done, host.c_str(), nullptr, &hints);
  if (status == 0) {
    lookup_ = lookup.release();
  } else {
    last_error_ = {ErrorKind::kNetwork, "lookup " + host + ": " + uv_strerror(status)};
    alarm_.set(clock_now());
  }
}

void Dial::on_looked_up(Result<std::vector<SocketAddress>> addresses) {
  if (addresses) addresses = addresses_of(where_, {{where_.host, std::move(addresses)}});
  if (addresses) {
    addresses_.assign(addresses->rbegin(), addresses->rend());
    try_next();
  } else {
    last_error_ = {ErrorKind::kNetwork, "lookup " + where_.host + ": " + addresses.error().message};
  }
  fail_unless_pending();
}

/// Starts on the next address that does not fail at once.
void Dial::try_next() {
  while (!addresses_.empty()) {
    const SocketAddress address = addresses_.back();
    addresses_.pop_back();
    if (try_address(address)) break;
  }
  if (addresses_.empty()) return;
  alarm_.set(after(clock_now(), where_.is_unix ? kUnixRetry : kAttemptDelay));
}

bool Dial::try_address(const SocketAddress& address) {
  const DialOwner::Admission admission = owner_.admit(address);
  if (admission == DialOwner::Admission::kRefuse) {
    last_error_ = {ErrorKind::kNetwork, "dial " + to_string(address) + ": a partition refuses it"};
    return false;
  }
  if (admission == DialOwner::Admission::kHold) {
    held_.push_back(address);
    return true;
  }
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int error = fd.is_open() ? 0 : errno;
  if (error == 0) {
    set_stream_options(fd.get(), address);
    if (connect(fd.get(), address.get(), address.length) != 0) error = errno;
  }
  if (error == EAGAIN && address.family() == AF_UNIX) {
    addresses_.push_back(address);
    return true;
  }
  if (error != 0 && error != EINPROGRESS) {
    error_number_ = error;
    last_error_ = {ErrorKind::kNetwork, "dial " + to_string(address) + ": " + strerror(error)};
    return false;
  }
  const auto family = where_.is_unix ? Socket::Family::kUnix : Socket::Family::kTcp;
  attempts_.push_back(
      {std::make_unique<Socket>(loop_, std::move(fd), family, static_cast<SocketOwner&>(*this)),
       address});
  return true;
}

void Dial::reconsider() {
  if (lookup_ != nullptr) return;
  const std::size_t left = addresses_.size();
  const auto may_not = [this](const Attempt& attempt) {
    if (owner_.admit(attempt.address) == DialOwner::Admission::kDial) return false;
    addresses_.push_back(attempt.address);  // To be refused or held as any.
    return true;
  };
  attempts_.erase(std::remove_if(attempts_.begin(), attempts_.end(), may_not), attempts_.end());
  if (addresses_.size() == left && held_.empty()) return;
  // In the order they were held: the first is tried next.
  addresses_.insert(addresses_.end(), held_.rbegin(), held_.rend());
  held_.clear();
  alarm_.set(clock_now());
}

void Dial::on_socket_ready(Socket& socket) noexcept {
  if (!socket.may_write()) return;
  const auto attempt = std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& other) {
    return other.socket.get() == &socket;
  });
  // Writable and no error: connected. Only an error has to be asked for.
  const int error = socket.is_broken() ? socket.take_error() : 0;
  std::unique_ptr<Socket> connected = std::move(attempt->socket);
  reached_ = attempt->address;
  attempts_.erase(attempt);
  if (error == 0) {
    attempts_.clear();
    addresses_.clear();
    held_.clear();
    alarm_.set(kNever);
    owner_.on_dialled(std::move(connected));
    return;
  }
  error_number_ = error;
  last_error_ = {ErrorKind::kNetwork, std::string("dial ") + where_.host + ": " + strerror(error)};
  connected.reset();  // Now: were it left to the end of the turn, it could still call us then.
  try_next();
  fail_unless_pending();
}

void Dial::on_alarm(Alarm& /*alarm*/, TimePoint /*now*/) noexcept {
  try_next();
  fail_unless_pending();
}

/// Must be the last call: the owner may be done with us.
void Dial::fail_unless_pending() {
  if (!attempts_.empty() || !addresses_.empty() || !held_.empty()) return;
  alarm_.set(kNever);
  owner_.on_dialled(Fail(last_error_));
}

}  // namespace faultline
