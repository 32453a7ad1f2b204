#include "proxy/reach_decoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/quantities.h"

namespace faultline {

namespace {

Result<std::optional<Scope>> decode_affects(const Fields& fields, Dialect dialect) {
  const auto word = decode_word(fields, "affects", {"both", "new", "open"}, dialect);
  if (!word) return Fail(word.error());
  constexpr std::array kScopes = {Scope::kBoth, Scope::kNew, Scope::kOpen};
  return *word ? std::optional(kScopes.at(**word)) : std::nullopt;
}

Result<std::optional<OnRemove>> decode_on_remove(const Fields& fields, Dialect dialect) {
  const auto word = decode_word(fields, "on_remove", {"resume", "close", "reset"}, dialect);
  if (!word) return Fail(word.error());
  constexpr std::array kEndings = {OnRemove::kResume, OnRemove::kClose, OnRemove::kReset};
  return *word ? std::optional(kEndings.at(**word)) : std::nullopt;
}

/// A whole number from 1 up, or a size where `is_size`.
Result<std::optional<std::uint64_t>> limit_at(const Fields& limits, const std::string& key,
                                              bool is_size, Dialect dialect) {
  const Document* value = limits.find(key);
  if (value == nullptr) return std::nullopt;
  double number = 0;
  if (const auto* whole = value->as<std::int64_t>()) number = static_cast<double>(*whole);
  if (const auto* decimal = value->as<double>()) number = *decimal;
  if (const auto* text = value->as<std::string>(); text != nullptr && is_size) {
    const auto size = parse_size(*text);
    if (!size) return wrong_type(*value, dialect, "limits." + key + ": " + size.error().message);
    number = static_cast<double>(*size);
  }
  constexpr double kMost = 0x1p53;  // Exact in every reader of JSON.
  if (number >= 1 && number <= kMost && number == std::trunc(number)) {
    return static_cast<std::uint64_t>(number);
  }
  const std::string kind =
      is_size ? "a size from 1 byte up, like 10MB" : "a whole number from 1 up";
  return wrong_type(*value, dialect,
                    "limits." + key + " must be " + kind + ", not " + describe(*value));
}

Result<std::optional<double>> share_at(const Fields& limits, const std::string& key,
                                       Dialect dialect) {
  const Document* value = limits.find(key);
  if (value == nullptr) return std::nullopt;
  const AttributeType share{.name = "limits." + key,
                            .unit = "",
                            .summary = "",
                            .at_most = AttributeValue::kMillion,
                            .quantity = Quantity::kProbability};
  Result<AttributeValue> read =
      fail(ErrorKind::kInvalid,
           share.name + " must be " + share.description() + ", not " + describe(*value));
  if (const auto* text = value->as<std::string>()) read = share.parse(*text);
  if (const auto* whole = value->as<std::int64_t>()) read = share.from_number(*whole);
  if (const auto* number = value->as<double>()) read = share.from_number(*number);
  if (!read) return wrong_type(*value, dialect, read.error().message);
  if (const auto checked = share.check_bounds(*read); !checked) {
    return wrong(*value, checked.error().message);
  }
  return read->decimal();
}

}  // namespace

Result<ToxicLimits> decode_limits(const Fields& toxic, Dialect dialect) {
  const Document* document = toxic.find("limits");
  if (document == nullptr) return ToxicLimits{};
  const std::vector<std::string> known = {"max_connections", "max_share", "max_bytes_delayed"};
  const auto limits = Fields::of(*document, Dialect::kStrict, "limits", known);
  if (!limits) return Fail(limits.error());
  for (const std::string& key : known) {
    const Document* nothing = limits->find_null(key);
    if (nothing != nullptr) return wrong(*nothing, "limits." + key + " has no value");
  }
  const auto connections = limit_at(*limits, "max_connections", false, dialect);
  if (!connections) return Fail(connections.error());
  const auto share = share_at(*limits, "max_share", dialect);
  if (!share) return Fail(share.error());
  const auto bytes = limit_at(*limits, "max_bytes_delayed", true, dialect);
  if (!bytes) return Fail(bytes.error());
  const ToxicLimits decoded{
      .max_connections = *connections, .max_share = *share, .max_bytes_delayed = *bytes};
  if (decoded != ToxicLimits{}) return decoded;
  return wrong(*document,
               "limits limits nothing: give max_connections, max_share or max_bytes_delayed");
}

namespace {

Result<void> check_reach_values(const Fields& toxic, Dialect dialect) {
  if (dialect == Dialect::kToxiproxy) return {};
  for (const std::string& key : reach_keys()) {
    const Document* nothing = toxic.find_null(key);
    if (nothing != nullptr) return wrong(*nothing, key + " has no value");
  }
  return {};
}

}  // namespace

const std::vector<std::string>& reach_keys() {
  static const std::vector<std::string> kKeys = {"affects", "on_remove", "shadow", "limits"};
  return kKeys;
}

Result<ToxicReach> decode_reach(const Fields& toxic, Dialect dialect) {
  const auto checked = check_reach_values(toxic, dialect);
  if (!checked) return Fail(checked.error());
  const auto affects = decode_affects(toxic, dialect);
  if (!affects) return Fail(affects.error());
  const auto on_remove = decode_on_remove(toxic, dialect);
  if (!on_remove) return Fail(on_remove.error());
  const auto shadow = toxic.truth("shadow");
  if (!shadow) return Fail(shadow.error());
  const auto limits = decode_limits(toxic, dialect);
  if (!limits) return Fail(limits.error());
  return ToxicReach{.affects = affects->value_or(Scope::kBoth),
                    .on_remove = on_remove->value_or(OnRemove::kResume),
                    .shadow = shadow->value_or(false),
                    .limits = *limits};
}

Result<void> decode_reach_change(const Fields& update, const ToxicSpec& toxic, Dialect dialect,
                                 ToxicChange& change) {
  const auto checked = check_reach_values(update, dialect);
  if (!checked) return checked;
  const auto affects = decode_affects(update, dialect);
  if (!affects) return Fail(affects.error());
  const auto on_remove = decode_on_remove(update, dialect);
  if (!on_remove) return Fail(on_remove.error());
  const auto shadow = update.truth("shadow");
  if (!shadow) return Fail(shadow.error());
  const auto limits = decode_limits(update, dialect);
  if (!limits) return Fail(limits.error());
  if (const Document* value = update.find("limits"); value && *limits != toxic.reach.limits) {
    return wrong(*value, "limits cannot be changed: remove the toxic and add it anew");
  }
  change.affects = *affects;
  change.on_remove = *on_remove;
  change.shadow = *shadow;
  return {};
}

Result<void> check_reach(const ToxicSpec& toxic) {
  if (toxic.reach.affects == Scope::kBoth) return {};
  const Scope scope = toxic.type->effects_of(toxic.attributes, nullptr, Placement{}).scope;
  if (scope == Scope::kBoth || scope == toxic.reach.affects) return {};
  const std::string only = scope == Scope::kNew ? "new" : "open";
  const std::string wanted = scope == Scope::kNew ? "open" : "new";
  return fail(ErrorKind::kInvalid, "affects: " + wanted + " leaves nobody: this `" +
                                       toxic.type->name + "` is for " + only + " connections only");
}

}  // namespace faultline
