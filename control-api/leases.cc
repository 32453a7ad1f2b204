#include "control-api/leases.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

void start_term(Lease& lease, Duration ttl, TimePoint now) {
  lease.ttl = ttl;
  lease.ends = lease.holders > 0 ? kNever : after(now, ttl);
  lease.ends_at = std::chrono::system_clock::now() +
                  std::chrono::duration_cast<std::chrono::system_clock::duration>(ttl);
}

}  // namespace

std::vector<const Lease*> Leases::list() const {
  std::vector<const Lease*> list;
  for (const auto& [id, lease] : leases_) list.push_back(&lease);
  return list;
}

const Lease* Leases::find(const std::string& id, TimePoint now) const {
  const auto found = leases_.find(id);
  return found == leases_.end() || found->second.ends <= now ? nullptr : &found->second;
}

Result<const Lease*> Leases::grant(Duration ttl, std::string owner, std::string reason,
                                   TimePoint now) {
  if (leases_.size() >= kMost) {
    return fail(ErrorKind::kConflict, "there are " + std::to_string(kMost) +
                                          " leases already: end some, or wait until they end");
  }
  const std::string id = ids_.next();
  Lease& lease = leases_[id];
  lease.id = id;
  lease.owner = std::move(owner);
  lease.reason = std::move(reason);
  start_term(lease, ttl, now);
  return &lease;
}

const Lease* Leases::renew(const std::string& id, Duration ttl, TimePoint now) {
  const auto found = leases_.find(id);
  if (found == leases_.end() || found->second.ends <= now) return nullptr;
  start_term(found->second, ttl, now);
  return &found->second;
}

void Leases::hold(const std::string& id, TimePoint now) {
  const auto found = leases_.find(id);
  if (found == leases_.end() || found->second.ends <= now) return;
  ++found->second.holders;
  found->second.ends = kNever;
}

void Leases::release(const std::string& id, TimePoint now) {
  const auto found = leases_.find(id);
  if (found == leases_.end() || found->second.holders == 0) return;
  if (--found->second.holders > 0) return;
  start_term(found->second, found->second.ttl, now);
  on_release_();
}

TimePoint Leases::next_end() const {
  TimePoint next = kNever;
  for (const auto& [id, lease] : leases_) next = std::min(next, lease.ends);
  return next;
}

std::vector<Lease> Leases::take_ended(TimePoint now) {
  std::vector<Lease> ended;
  for (auto at = leases_.begin(); at != leases_.end();) {
    if (at->second.ends > now) {
      ++at;
      continue;
    }
    ended.push_back(std::move(at->second));
    at = leases_.erase(at);
  }
  return ended;
}

}  // namespace faultline
