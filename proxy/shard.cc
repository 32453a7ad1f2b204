#include "proxy/shard.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/verify.h"

namespace faultline {

namespace {

/// Accepted in one turn, so that the other workers get their share of a rush.
constexpr int kAcceptsPerTurn = 16;

constexpr Duration kBetweenComplaints = std::chrono::seconds(10);

constexpr Duration kAcceptPause = std::chrono::milliseconds(50);

}  // namespace

Shard::Shard(Worker& worker, Shared& shared, ProxyCounters& counters, std::string upstream,
             std::shared_ptr<const ToxicSet> toxics)
    : worker_(worker),
      shared_(shared),
      counters_(counters),
      upstream_(std::move(upstream)),
      toxics_(std::move(toxics)),
      resume_(worker.loop().alarms(), *this) {}

Shard::~Shard() {
  stop_listening();
  close_connections();
}

void Shard::listen(int fd) {
  listening_fd_ = fd;
  auto* poll = new uv_poll_t;
  VERIFY(uv_poll_init(worker_.loop().uv(), poll, fd) == 0);
  poll_.reset(poll);
  poll->data = this;
  watch();
}

void Shard::stop_listening() {
  resume_.set(kNever);
  poll_.reset();
  listening_fd_ = -1;
}

void Shard::watch() {
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* handle, int, int) noexcept {
    auto* self = static_cast<Shard*>(handle->data);
    if (self != nullptr) self->accept_some();
  });
}

void Shard::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    FileDescriptor client(accept4(listening_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.is_open()) {
      count(counters_.connections);
      const std::uint64_t ordinal = shared_.connections.fetch_add(1, std::memory_order_relaxed);
      connections_.push_front(std::make_unique<Connection>(*this, std::move(client), ordinal));
      connections_.front()->place = connections_.begin();
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    count(counters_.accept_errors);
    log(LogLevel::kDebug, "proxy", "cannot accept; trying again in 50 ms",
        {{"proxy", name()}, {"error", std::string_view(std::strerror(errno))}});
    uv_poll_stop(poll_.get());
    resume_.set(after(clock_now(), kAcceptPause));
    return;
  }
}

void Shard::on_alarm(Alarm& /*alarm*/, TimePoint /*now*/) noexcept {
  watch();
}

void Shard::set_toxics(std::shared_ptr<const ToxicSet> toxics) {
  const std::shared_ptr<const ToxicSet> before = std::exchange(toxics_, std::move(toxics));
  const TimePoint now = clock_now();
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = **next++;  // It may end, and take itself off the list.
    connection.apply_toxics(now);
  }
}

void Shard::close_connections() {
  while (!connections_.empty()) connections_.front()->close();
}

void Shard::note_dial_failure(const Error& error) {
  count(counters_.dial_errors);
  const TimePoint now = clock_now();
  const bool is_due = now >= next_complaint_;
  if (is_due) next_complaint_ = after(now, kBetweenComplaints);
  log(is_due ? LogLevel::kWarn : LogLevel::kDebug, "proxy",
      "cannot reach the upstream; its clients are closed",
      {{"proxy", name()}, {"upstream", upstream_}, {"error", error.message}});
}

void Shard::retire(Connection& connection) {
  count(counters_.closed_connections);
  const auto place = connection.place;
  worker_.loop().deferred_delete(std::move(*place));
  connections_.erase(place);
}

}  // namespace faultline
