#include "proxy/timing_decoder.h"

#include <cmath>

#include "base/nearest_name.h"
#include "base/quantities.h"

namespace faultline {

namespace {

/// The duration at `key`; none if it is absent.
Result<std::optional<Duration>> duration(const Fields& fields, const std::string& key,
                                         Dialect dialect) {
  const Document* value = fields.find(key);
  if (value == nullptr) return std::nullopt;
  const auto* milliseconds = value->as<std::int64_t>();
  if (milliseconds != nullptr && *milliseconds >= 0 && dialect == Dialect::kToxiproxy) {
    return saturated_milliseconds(*milliseconds);
  }
  const auto* text = value->as<std::string>();
  if (text == nullptr) {
    return wrong_type(*value, dialect,
                      key + " must be a duration like 1.5s, not " + describe(*value));
  }
  const auto parsed = parse_duration(*text);
  if (!parsed) return wrong_type(*value, dialect, key + ": " + parsed.error().message);
  return *parsed;
}

Result<Duration> needed_duration(const Fields& fields, const std::string& key,
                                 const Document& place, Dialect dialect) {
  const auto found = duration(fields, key, dialect);
  if (!found) return Fail(found.error());
  if (!*found) return wrong(place, "missing required field: " + key);
  return **found;
}

Result<std::uint64_t> count_of(const Fields& fields, const std::string& key, Dialect dialect) {
  const Document* value = fields.find(key);
  if (value == nullptr) return 0;
  const auto* number = value->as<std::int64_t>();
  if (number == nullptr || *number < 1) {
    return wrong_type(*value, dialect,
                      key + " must be a whole number from 1 up, not " + describe(*value));
  }
  return static_cast<std::uint64_t>(*number);
}

Result<double> number_at(const Fields& fields, const std::string& key, const Document& place,
                         const AttributeType& attribute, Dialect dialect) {
  const Document* value = fields.find(key);
  if (value == nullptr) return wrong(place, "missing required field: " + key);
  if (const auto* whole = value->as<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* number = value->as<double>()) return *number;
  const auto* text = value->as<std::string>();
  const auto parsed = text == nullptr
                          ? fail(ErrorKind::kInvalid, key + " must be " + attribute.description())
                          : attribute.parse(*text);
  if (!parsed) return wrong_type(*value, dialect, parsed.error().message);
  return attribute.quantity == Quantity::kWhole ? static_cast<double>(parsed->number)
                                                : parsed->decimal();
}

Result<std::optional<OnOff>> decode_turns(const Fields& toxic, const std::string& key,
                                          Dialect dialect) {
  const Document* document = toxic.find(key);
  if (document == nullptr) return std::nullopt;
  const bool is_pulse = key == "pulse";
  std::vector<std::string> known = {"on", "off"};
  if (is_pulse) known.emplace_back("jitter");
  const auto fields = Fields::of(*document, Dialect::kStrict, key, known);
  if (!fields) return Fail(fields.error());
  const auto on = needed_duration(*fields, "on", *document, dialect);
  if (!on) return within(key, on.error());
  const auto off = needed_duration(*fields, "off", *document, dialect);
  if (!off) return within(key, off.error());
  const auto jitter = duration(*fields, "jitter", dialect);
  if (!jitter) return within(key, jitter.error());
  if (*on < Schedule::kShortest || *off < Schedule::kShortest) {
    return wrong(*document, key + ": on and off must be at least 1ms");
  }
  return OnOff{.on = *on,
               .off = *off,
               .jitter = jitter->value_or(Duration(0)),
               .lengths = is_pulse ? OnOff::Lengths::kUniform : OnOff::Lengths::kExponential};
}

/// `after` or `until`: a time or a number of bytes.
struct Bound {
  std::optional<Duration> time;
  std::optional<std::uint64_t> bytes;
};

Result<Bound> decode_bound(const Fields& toxic, const std::string& key, Dialect dialect) {
  const Document* value = toxic.find(key);
  if (value == nullptr) return Bound{};
  const auto* text = value->as<std::string>();
  if (text != nullptr) {
    const bool has_unit = text->find_first_not_of("0123456789.") != std::string::npos;
    const auto time = parse_duration(*text);
    if (time) return Bound{*time, {}};
    const auto bytes = parse_size(*text);
    if (bytes && has_unit) return Bound{{}, static_cast<std::uint64_t>(*bytes)};
  }
  return wrong_type(
      *value, dialect,
      key + " must be a time like \"10s\" or a size like \"64KiB\", not " + describe(*value));
}

Result<void> decode_window(const Fields& toxic, const ToxicType& type, Dialect dialect,
                           ToxicTiming& timing) {
  const auto after = decode_bound(toxic, "after", dialect);
  if (!after) return Fail(after.error());
  const auto until = decode_bound(toxic, "until", dialect);
  if (!until) return Fail(until.error());
  if (until->bytes && type.passes_nothing) {
    return wrong(*toxic.find("until"), "until must be a time: `" + type.name +
                                           "` lets no byte pass, so no number would be reached");
  }
  timing.time = {.after = after->time.value_or(Duration(0)), .until = until->time};
  if (after->bytes || until->bytes) {
    timing.bytes = ByteWindow::Bounds{.after = after->bytes.value_or(0), .until = until->bytes};
  }
  const bool no_time = until->time && *until->time <= timing.time.after;
  const bool no_bytes = until->bytes && *until->bytes <= timing.bytes->after;
  if (no_time || no_bytes) {
    return wrong(*toxic.find("until"), "until must be more than after: else it is never in force");
  }
  return {};
}

Result<std::optional<ToxicRamp>> decode_ramp(const Fields& toxic, const ToxicType& type,
                                             Dialect dialect) {
  const Document* document = toxic.find("ramp");
  if (document == nullptr) return std::nullopt;
  const auto fields =
      Fields::of(*document, Dialect::kStrict, "ramp", {"attribute", "from", "to", "over"});
  if (!fields) return Fail(fields.error());
  const auto name = fields->text("attribute");
  if (!name) return Fail(name.error());
  const int index = *name ? type.attribute_index(**name) : (type.attributes.empty() ? -1 : 0);
  if (index < 0 || type.attributes[static_cast<std::size_t>(index)].is_text()) {
    return wrong(*document, "ramp: attribute must name a number of `" + type.name + "`" +
                                did_you_mean(name->value_or(""), type.attribute_names()));
  }
  const AttributeType& attribute = type.attributes[static_cast<std::size_t>(index)];
  const auto from = number_at(*fields, "from", *document, attribute, dialect);
  if (!from) return within("ramp", from.error());
  const auto to = number_at(*fields, "to", *document, attribute, dialect);
  if (!to) return within("ramp", to.error());
  const auto over = needed_duration(*fields, "over", *document, dialect);
  if (!over) return within("ramp", over.error());
  for (const double end : {*from, *to}) {
    const auto value = attribute.from_number(end);
    const auto checked = value ? attribute.check_bounds(*value) : Fail(value.error());
    if (!checked) return wrong(*document, "ramp: " + checked.error().message);
  }
  return ToxicRamp{.attribute = index, .values = {.from = *from, .to = *to, .over = *over}};
}

}  // namespace

Result<ToxicMatch> decode_match(const Fields& toxic, Dialect dialect) {
  ToxicMatch match;
  const Document* document = toxic.find("match");
  if (document == nullptr) return match;
  const auto fields =
      Fields::of(*document, Dialect::kStrict, "match", {"clients", "first", "every"});
  if (!fields) return Fail(fields.error());
  if (const Document* clients = fields->find("clients")) {
    const auto* list = clients->as<Document::Array>();
    if (list == nullptr || list->empty()) {
      return wrong_type(*clients, dialect,
                        "clients must be a list like [10.1.0.0/16], not " + describe(*clients));
    }
    constexpr std::size_t kMostClients = 400;  // What a packet filter takes of any kind.
    if (list->size() > kMostClients) return wrong(*clients, "clients: at most 400 prefixes");
    for (const Document& client : *list) {
      const auto* text = client.as<std::string>();
      const auto prefix = text == nullptr ? fail(ErrorKind::kInvalid,
                                                 "an address or prefix, not " + describe(client))
                                          : IpPrefix::parse(*text);
      if (!prefix) return wrong_type(client, dialect, "clients: " + prefix.error().message);
      match.clients.push_back(*prefix);
    }
  }
  const auto first = count_of(*fields, "first", dialect);
  if (!first) return Fail(first.error());
  const auto every = count_of(*fields, "every", dialect);
  if (!every) return Fail(every.error());
  match.count = {.first = *first, .every = *every};
  return match;
}

Result<ToxicTiming> decode_timing(const Fields& toxic, const ToxicType& type, Dialect dialect) {
  ToxicTiming timing;
  const auto pulse = decode_turns(toxic, "pulse", dialect);
  if (!pulse) return Fail(pulse.error());
  timing.pulse = *pulse;
  const auto poisson = decode_turns(toxic, "poisson", dialect);
  if (!poisson) return Fail(poisson.error());
  timing.poisson = *poisson;
  if (const auto window = decode_window(toxic, type, dialect, timing); !window) {
    return Fail(window.error());
  }
  const auto ramp = decode_ramp(toxic, type, dialect);
  if (!ramp) return Fail(ramp.error());
  timing.ramp = *ramp;
  return timing;
}

}  // namespace faultline
