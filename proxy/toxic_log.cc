#include "proxy/toxic_log.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/log.h"

namespace faultline {

namespace {

const ToxicSpec* same_name(const std::vector<ToxicSpec>& toxics, const std::string& name) {
  const auto found = std::find_if(toxics.begin(), toxics.end(),
                                  [&](const ToxicSpec& toxic) { return toxic.name == name; });
  return found == toxics.end() ? nullptr : &*found;
}

}  // namespace

void log_toxic(std::string_view what, const Proxy& proxy, const ToxicSpec& toxic) {
  log(LogLevel::kInfo, "toxic", what,
      {{"proxy", proxy.spec().name},
       {"toxic", toxic.name},
       {"type", toxic.type->name},
       {"stream", std::string(to_string(toxic.direction))},
       {"engine", std::string(to_string(toxic.engine.value_or(Engine::kUserSpace)))},
       {"connections", static_cast<std::int64_t>(proxy.stats().connections_active)}});
}

void log_toxic_changes(const Proxy& proxy, const std::vector<ToxicSpec>& before) {
  const std::vector<ToxicSpec>& now = proxy.spec().toxics;
  for (const ToxicSpec& toxic : before) {
    if (same_name(now, toxic.name) == nullptr) log_toxic("toxic removed", proxy, toxic);
  }
  for (const ToxicSpec& toxic : now) {
    const ToxicSpec* old = same_name(before, toxic.name);
    if (old == nullptr) log_toxic("toxic added", proxy, toxic);
    if (old != nullptr && !(*old == toxic)) log_toxic("toxic changed", proxy, toxic);
  }
}

}  // namespace faultline
