#include "proxy/worker.h"

#include <utility>

#include "base/verify.h"
#include "proxy/shard.h"

namespace faultline {

namespace {

constexpr Duration kProbeInterval = std::chrono::milliseconds(500);

}  // namespace

Worker::Worker(std::size_t index, const Limits& limits)
    : index_(index), limits_(limits), farewells_(loop_), probe_(loop_.alarms(), *this) {
  if (!limits.may_batch_calls) loop_.turn_off_batches();
  probe_.set(after(clock_now(), kProbeInterval));
}

Worker::~Worker() {
  VERIFY(shards_.empty());
}

void Worker::add_shard(std::uint64_t proxy, std::unique_ptr<Shard> shard) {
  VERIFY(shards_.emplace(proxy, std::move(shard)).second);
}

Shard& Worker::shard(std::uint64_t proxy) {
  Shard* const found = find_shard(proxy);
  VERIFY(found != nullptr);
  return *found;
}

Shard* Worker::find_shard(std::uint64_t proxy) {
  const auto found = shards_.find(proxy);
  return found == shards_.end() ? nullptr : found->second.get();
}

void Worker::refresh_toxics() {
  for (const auto& [proxy, shard] : shards_) shard->refresh_toxics();
}

void Worker::remove_shard(std::uint64_t proxy) {
  VERIFY(shards_.erase(proxy) == 1);
}

void Worker::on_alarm(Alarm& alarm, TimePoint now) noexcept {
  buffers_.trim();
  pipes_.trim();
  alarm.set(after(now, kProbeInterval));
}

}  // namespace faultline
