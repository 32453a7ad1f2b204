#include "control-api/v1_life.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quantities.h"
#include "proxy/alarm_clock.h"
#include "proxy/life_decoder.h"

namespace faultline {

Result<void> give_ttl(ToxicSpec& toxic, const V1Settings& settings, const Leases& leases,
                      const std::string& place) {
  ToxicLife& life = toxic.life;
  const auto refuse = [&](const std::string& message) {
    return Fail(Error{ErrorKind::kInvalid, message, place + "/ttl"});
  };
  life.ends = kNever;
  if (!life.lease.empty()) {
    if (leases.find(life.lease, clock_now()) == nullptr) {
      return Fail(Error{ErrorKind::kInvalid,
                        "there is no lease `" + life.lease + "`: it may have ended",
                        place + "/lease"});
    }
    if (!life.ttl || *life.ttl >= kLongest) {
      life.ttl = kLongest;
      return {};
    }
  }
  life.ttl = life.ttl.value_or(settings.default_ttl);
  if (*life.ttl >= kLongest) {
    if (!settings.may_have_no_end) {
      return refuse(
          "ttl: this server lets no toxic stay for good (--no-ttl allow would): the most is " +
          duration_text(settings.max_ttl));
    }
    return {};
  }
  if (*life.ttl > settings.max_ttl) {
    return refuse("ttl must be at most " + duration_text(settings.max_ttl) + " (--max-ttl), not " +
                  duration_text(*life.ttl));
  }
  return {};
}

Result<void> give_ttls(ProxySpec& proxy, const V1Settings& settings, const Leases& leases) {
  for (std::size_t i = 0; i < proxy.toxics.size(); ++i) {
    const auto given = give_ttl(proxy.toxics[i], settings, leases, "/toxics/" + std::to_string(i));
    if (!given) return given;
  }
  return {};
}

void say_time_left(nlohmann::ordered_json& fault, TimePoint ends) {
  if (ends == kNever) return;
  fault["ttl"] = duration_text(std::max(ends - clock_now(), kShortestTtl));
}

}  // namespace faultline
