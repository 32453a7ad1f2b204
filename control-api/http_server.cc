#include "control-api/http_server.h"

#include <netinet/in.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/verify.h"

namespace faultline {

namespace {

constexpr int kBacklog = 1024;

template <class Handle>
HttpServer* server_of(Handle* handle) {
  return static_cast<HttpServer*>(handle->data);
}

OwnedHandle<uv_tcp_t> make_tcp(uv_loop_t* loop) {
  auto handle = std::make_unique<uv_tcp_t>();
  VERIFY(uv_tcp_init(loop, handle.get()) == 0);
  handle->data = nullptr;
  return OwnedHandle<uv_tcp_t>(handle.release());
}

/// 0.0.0.0 with the port of `address`: the wildcard of a kernel without IPv6.
SocketAddress ipv4_wildcard(std::uint16_t port) {
  SocketAddress address;
  VERIFY(uv_ip4_addr("0.0.0.0", port, reinterpret_cast<sockaddr_in*>(&address.storage)) == 0);
  address.length = sizeof(sockaddr_in);
  return address;
}

}  // namespace

HttpServer::HttpServer(uv_loop_t& loop, const HttpLimits& limits, HttpHandler handler)
    : shared_{&loop, limits, std::move(handler),
              std::make_unique_for_overwrite<char[]>(HttpShared::kScratchBytes)} {
  struct sigaction on_pipe {};
  VERIFY(sigaction(SIGPIPE, nullptr, &on_pipe) == 0 && on_pipe.sa_handler == SIG_IGN);
  auto idle = std::make_unique<uv_idle_t>();
  VERIFY(uv_idle_init(&loop, idle.get()) == 0);
  sweeper_.reset(idle.release());
  sweeper_->data = this;
  auto timer = std::make_unique<uv_timer_t>();
  VERIFY(uv_timer_init(&loop, timer.get()) == 0);
  stop_limit_.reset(timer.release());
  stop_limit_->data = this;
}

HttpServer::~HttpServer() = default;

Result<SocketAddress> HttpServer::listen(const std::string& host, std::uint16_t port) {
  const HostPort where{host, port, false};
  Names names;
  auto addresses = addresses_of(where, names);
  if (!addresses && addresses.error().kind == ErrorKind::kNeedsLookup) {
    names.emplace(host, look_up_blocking(host));
    addresses = addresses_of(where, names);
  }
  if (!addresses) return fail(ErrorKind::kNetwork, "listen tcp: " + addresses.error().message);
  Result<SocketAddress> bound = listen_on(addresses->front());
  const bool wildcard = host.empty() || host == "0.0.0.0" || host == "::";
  if (!bound && wildcard) {
    if (auto ipv4 = listen_on(ipv4_wildcard(port))) return ipv4;
  }
  return bound;
}

Result<SocketAddress> HttpServer::listen_on(const SocketAddress& address) {
  OwnedHandle<uv_tcp_t> listener = make_tcp(shared_.loop);
  int error = uv_tcp_bind(listener.get(), address.get(), 0);
  if (error == 0) {
    error = uv_listen(reinterpret_cast<uv_stream_t*>(listener.get()), kBacklog, on_connection);
  }
  SocketAddress bound;
  int length = sizeof bound.storage;
  if (error == 0) error = uv_tcp_getsockname(listener.get(), bound.get(), &length);
  if (error != 0) {
    return fail(ErrorKind::kNetwork,
                "listen tcp " + to_string(address) + ": bind: " + uv_strerror(error));
  }
  bound.length = static_cast<socklen_t>(length);
  listener->data = this;
  listeners_.push_back(std::move(listener));
  return bound;
}

void HttpServer::on_connection(uv_stream_t* listener, int status) noexcept {
  HttpServer* self = server_of(listener);
  if (self == nullptr) return;
  if (status == 0) return self->accept(listener);
  // libuv goes on accepting: with no descriptor left it drops what waits.
  log(LogLevel::kWarn, "api", "cannot accept", {{"error", std::string_view(uv_strerror(status))}});
}

void HttpServer::accept(uv_stream_t* listener) {
  OwnedHandle<uv_tcp_t> socket = make_tcp(shared_.loop);
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(socket.get())) != 0) return;
  if (connections_.size() >= shared_.limits.connections) {
    log(LogLevel::kWarn, "api", "too many clients, one is turned away",
        {{"connections", static_cast<std::int64_t>(connections_.size())}});
    return;
  }
  connections_.push_back(std::make_unique<HttpConnection>(
      shared_, std::move(socket), [this](HttpConnection& connection) { retire(connection); }));
  connections_.back()->start();
}

void HttpServer::stop(std::chrono::milliseconds limit, std::function<void()> stopped) {
  VERIFY(!stopped_);
  stopped_ = std::move(stopped);
  listeners_.clear();
  auto next = connections_.begin();
  while (next != connections_.end()) {
    HttpConnection& connection = **next++;  // It may leave the list.
    connection.close_when_answered();
  }
  uv_update_time(shared_.loop);
  uv_timer_start(stop_limit_.get(), on_stop_limit, static_cast<std::uint64_t>(limit.count()), 0);
  uv_idle_start(sweeper_.get(), on_sweep);
}

void HttpServer::on_stop_limit(uv_timer_t* timer) noexcept {
  HttpServer* self = server_of(timer);
  if (self == nullptr) return;
  self->connections_.clear();
  uv_idle_start(self->sweeper_.get(), on_sweep);
}

/// A connection is destroyed only after the callback it is in has returned.
void HttpServer::retire(HttpConnection& connection) {
  const auto found =
      std::find_if(connections_.begin(), connections_.end(),
                   [&](const auto& candidate) { return candidate.get() == &connection; });
  VERIFY(found != connections_.end());
  retired_.push_back(std::move(*found));
  connections_.erase(found);
  uv_idle_start(sweeper_.get(), on_sweep);
}

void HttpServer::on_sweep(uv_idle_t* idle) noexcept {
  HttpServer* self = server_of(idle);
  if (self != nullptr) self->sweep();
}

void HttpServer::sweep() {
  uv_idle_stop(sweeper_.get());
  retired_.clear();
  if (!stopped_ || !connections_.empty()) return;
  uv_timer_stop(stop_limit_.get());
  std::exchange(stopped_, nullptr)();  // Must be last: it may destroy the server.
}

}  // namespace faultline
