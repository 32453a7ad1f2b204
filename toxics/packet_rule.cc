#include "toxics/packet_rule.h"

#include <algorithm>

namespace faultline {

bool are_empty(const PacketRules& rules) {
  return std::all_of(rules.begin(), rules.end(),
                     [](const PacketRule& rule) { return rule.is_empty(); });
}

bool drops_all(const PacketRules& rules) {
  return std::any_of(rules.begin(), rules.end(), [](const PacketRule& rule) {
    return rule.drop_all && rule.sources.empty() && rule.spared.empty();
  });
}

}  // namespace faultline
