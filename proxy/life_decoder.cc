#include "proxy/life_decoder.h"

#include <utility>

#include "base/quantities.h"

namespace faultline {

namespace {

constexpr std::size_t kMostText = 1000;  // Bytes of an owner or a reason.

/// The text at `key`, or "".
Result<std::string> short_text(const Fields& toxic, const std::string& key) {
  auto text = toxic.text(key);
  if (!text) return Fail(text.error());
  if (*text && (*text)->size() > kMostText) {
    return wrong(*toxic.find(key), key + " must be at most 1000 bytes long");
  }
  return text->value_or("");
}

Result<std::optional<Duration>> decode_ttl(const Fields& toxic) {
  const Document* value = toxic.find("ttl");
  if (value == nullptr) return std::nullopt;
  const auto* text = value->as<std::string>();
  if (text != nullptr && *text == "none") return kLongest;
  const auto ttl = text == nullptr ? fail(ErrorKind::kInvalid, "it is " + describe(*value))
                                   : parse_duration(*text);
  if (!ttl)
    return wrong(*value, "ttl must be a time like \"10m\", or \"none\": " + ttl.error().message);
  if (*ttl < kShortestTtl) return wrong(*value, "ttl must be at least 1ms");
  return *ttl;
}

}  // namespace

const std::vector<std::string>& life_keys() {
  static const std::vector<std::string> kKeys = {"ttl", "lease", "owner", "reason", "ends_at"};
  return kKeys;
}

Result<ToxicLife> decode_life(const Fields& toxic, Dialect dialect) {
  ToxicLife life;
  if (!is_strict(dialect)) return life;
  const Document* lease = toxic.find("lease");
  if (lease != nullptr && dialect == Dialect::kStrict) {
    return wrong(*lease, "lease: there are none yet when a configuration is read; give a ttl");
  }
  const auto ttl = decode_ttl(toxic);
  if (!ttl) return Fail(ttl.error());
  life.ttl = *ttl;
  for (const auto& [key, target] :
       {std::pair("lease", &life.lease), std::pair("owner", &life.owner),
        std::pair("reason", &life.reason)}) {
    auto text = short_text(toxic, key);
    if (!text) return Fail(text.error());
    *target = *std::move(text);
  }
  return life;
}

}  // namespace faultline
