#include "proxy/ended_connections.h"

namespace faultline {

std::string_view to_string(EndedBy by) {
  switch (by) {
    case EndedBy::kClient:
      return "client";
    case EndedBy::kUpstream:
      return "upstream";
    case EndedBy::kToxic:
      return "toxic";
    case EndedBy::kUnreachable:
      return "unreachable";
    case EndedBy::kGreeting:
      return "greeting";
    case EndedBy::kRequest:
      return "request";
    case EndedBy::kProxy:
      return "proxy";
  }
  return "";
}

void EndedConnection::set_toxics(const ToxicSet& all, const ConnectionIdentity& connection,
                                 TimePoint now) {
  std::size_t count = 0;
  more_toxics = 0;
  for (const LiveToxic& toxic : all) {
    if (!toxic.applies_to(connection, now)) continue;
    if (count == kMostToxics) {
      ++more_toxics;
      continue;
    }
    if (count == toxics.size()) toxics.emplace_back();
    toxics[count++].assign(toxic.spec.name, 0, kMostName);
  }
  toxics.resize(count);
}

EndedConnection& EndedConnections::next() {
  if (ring_.size() < kMost) {
    ring_.reserve(kMost);  // At once: it never moves.
    last_ = ring_.size();
    return ring_.emplace_back();
  }
  last_ = (last_ + 1) % kMost;
  return ring_[last_];
}

}  // namespace faultline
