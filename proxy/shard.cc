#include "proxy/shard.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/verify.h"

namespace faultline {

namespace {

constexpr Duration kBetweenComplaints = std::chrono::seconds(10);

constexpr Duration kLongTurn = std::chrono::microseconds(500);
constexpr int kAcceptsPerLongTurn = 16;

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

void Shard::listen(int fd, Socket::Family family) {
  listening_fd_ = fd;
  family_ = family;
  watch();
}

void Shard::stop_listening() {
  resume_.set(kNever);
  unwatch();
  listening_fd_ = -1;
}

void Shard::watch() {
  // Exclusive: one idle worker is woken for a connection, not all.
  worker_.loop().watch(listening_fd_, EPOLLIN | EPOLLEXCLUSIVE, *this);
  is_watching_ = true;
}

void Shard::unwatch() {
  if (std::exchange(is_watching_, false)) worker_.loop().unwatch(listening_fd_, *this);
}

/// Level-triggered: if more are waiting than are accepted we are told again, in
/// the next turn or on another worker. While turns are short one at a time will
/// do, and no call is spent to hear that there are no more.
void Shard::on_ready(std::uint32_t /*events*/) noexcept {
  const bool is_rare = worker_.loop().last_turn() > kLongTurn;
  for (int left = is_rare ? kAcceptsPerLongTurn : 1; left > 0 && accept_one();) --left;
}

/// False if none was waiting, or accepting is to pause.
bool Shard::accept_one() {
  FileDescriptor client(accept4(listening_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (client.is_open()) {
    count(counters_.connections);
    const std::uint64_t ordinal = shared_.connections.fetch_add(1, std::memory_order_relaxed);
    connections_.push_front(
        std::make_unique<Connection>(*this, std::move(client), family_, ordinal));
    connections_.front()->place = connections_.begin();
    return true;
  }
  if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  count(counters_.accept_errors);
  log(LogLevel::kDebug, "proxy", "cannot accept; trying again in 50 ms",
      {{"proxy", name()}, {"error", std::string_view(std::strerror(errno))}});
  unwatch();
  resume_.set(after(clock_now(), kAcceptPause));
  return false;
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
