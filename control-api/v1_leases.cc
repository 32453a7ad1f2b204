// The operations of /v1 on leases.

#include <map>
#include <utility>

#include "base/quantities.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/alarm_clock.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"
#include "proxy/wall_time.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What is bound to each lease, by its id: {"run": "az-slow-4f2k"}, {"partition": "b-cut"}, or
/// {"proxy": "redis", "toxic": "slow"}.
std::map<std::string, Json> what_is_bound(const V1Call& call) {
  std::map<std::string, Json> bound;
  for (const Run* run : call.state.runs.runs().under_way()) {
    if (!run->lease.empty()) bound[run->lease].push_back({{"run", run->id}});
  }
  for (const auto& [name, partition] : call.registry.partitions().all()) {
    const std::string& lease = partition.spec.fault.life.lease;
    if (!lease.empty()) bound[lease].push_back({{"partition", name}});
  }
  for (const ProxySpec* proxy : call.registry.list()) {
    for (const ToxicSpec& toxic : proxy->toxics) {
      if (toxic.life.lease.empty()) continue;
      bound[toxic.life.lease].push_back({{"proxy", proxy->name}, {"toxic", toxic.name}});
    }
  }
  return bound;
}

Json lease_view(const Lease& lease, const std::map<std::string, Json>& bound) {
  const auto found = bound.find(lease.id);
  const Json toxics = found == bound.end() ? Json::array() : found->second;
  return {{"id", lease.id},
          {"ttl", duration_text(lease.ttl)},
          {"held_by", lease.holders},
          {"ends_at", lease.holders > 0 ? Json(nullptr) : Json(rfc3339(lease.ends_at))},
          {"owner", lease.owner},
          {"reason", lease.reason},
          {"toxics", toxics}};
}

/// The lease in the path.
Result<Lease> lease_of(const V1Call& call) {
  const std::string& id = call.captured.at(0);
  const Lease* lease = call.state.leases.find(id, clock_now());
  if (lease != nullptr) return *lease;
  return fail(ErrorKind::kNotFound, "there is no lease `" + id + "`: it may have ended");
}

}  // namespace

Result<HttpResponse> v1_list_leases(const V1Call& call) {
  const auto bound = what_is_bound(call);
  Json list = Json::array();
  for (const Lease* lease : call.state.leases.list()) {
    list.push_back(lease_view(*lease, bound));
  }
  return v1_json(200, {{"leases", list}});
}

Result<HttpResponse> v1_create_lease(const V1Call& call) {
  const auto fields = Fields::of(call.body, Dialect::kV1, "a lease", {"ttl", "owner", "reason"});
  if (!fields) return Fail(fields.error());
  auto life = decode_life(*fields, Dialect::kV1);
  if (!life) return Fail(life.error());
  if (!life->ttl) return fail(ErrorKind::kInvalid, "missing required field: ttl");
  if (*life->ttl > call.settings.max_ttl) {
    return Fail(Error{ErrorKind::kInvalid,
                      "ttl must be at most " + duration_text(call.settings.max_ttl) +
                          " (--max-ttl): renew the lease to keep it longer",
                      "/ttl"});
  }
  const TimePoint now = clock_now();
  if (call.attempt == Registry::Attempt::kTry) {
    Leases tried(0);
    const auto lease =
        tried.grant(*life->ttl, std::move(life->owner), std::move(life->reason), now);
    if (!lease) return Fail(lease.error());
    return v1_json(201, lease_view(**lease, what_is_bound(call)));
  }
  const auto lease =
      call.state.leases.grant(*life->ttl, std::move(life->owner), std::move(life->reason), now);
  if (!lease) return Fail(lease.error());
  HttpResponse response = v1_json(201, lease_view(**lease, what_is_bound(call)));
  response.headers.emplace_back("Location", "/v1/leases/" + (*lease)->id);
  return response;
}

Result<HttpResponse> v1_get_lease(const V1Call& call) {
  const auto lease = lease_of(call);
  if (!lease) return Fail(lease.error());
  return v1_json(200, lease_view(*lease, what_is_bound(call)));
}

Result<HttpResponse> v1_renew_lease(const V1Call& call) {
  const auto lease = lease_of(call);
  if (!lease) return Fail(lease.error());
  if (call.attempt == Registry::Attempt::kTry)
    return v1_json(200, lease_view(*lease, what_is_bound(call)));
  const Lease* renewed = call.state.leases.renew(lease->id, lease->ttl, clock_now());
  return v1_json(200, lease_view(renewed == nullptr ? *lease : *renewed, what_is_bound(call)));
}

Result<HttpResponse> v1_end_lease(const V1Call& call) {
  const auto lease = lease_of(call);
  if (!lease) return Fail(lease.error());
  if (call.attempt == Registry::Attempt::kApply) {
    call.state.leases.end(lease->id);
    call.state.runs.end_with({lease->id}, clock_now());
    const auto is_bound = [&](const ToxicSpec& toxic) { return toxic.life.lease == lease->id; };
    call.registry.end_partitions(is_bound);
    call.registry.end_toxics(is_bound);
  }
  return HttpResponse{204, {}, ""};
}

}  // namespace faultline
