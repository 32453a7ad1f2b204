#include "toxics/packet_rule.h"

#include <algorithm>
#include <utility>

namespace faultline {

bool are_empty(const PacketRules& rules) {
  return std::all_of(rules.begin(), rules.end(),
                     [](const PacketRule& rule) { return rule.is_empty(); });
}

bool drops_all(const PacketRules& rules) {
  return std::any_of(rules.begin(), rules.end(),
                     [](const PacketRule& rule) { return rule.drop_all && rule.sources.empty(); });
}

PacketRules rules_for(const PacketRules& rules, const sockaddr& peer) {
  PacketRules result;
  for (PacketRule rule : rules) {
    const bool applies = rule.sources.empty() ||
                         std::any_of(rule.sources.begin(), rule.sources.end(),
                                     [&](const IpPrefix& source) { return source.contains(peer); });
    if (!applies || rule.is_empty()) continue;
    rule.sources.clear();
    result.push_back(std::move(rule));
  }
  return result;
}

}  // namespace faultline
