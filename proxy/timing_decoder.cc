#include "proxy/timing_decoder.h"

#include <cmath>
#include <utility>

#include "base/nearest_name.h"
#include "base/quantities.h"

namespace faultline {

namespace {

/// The number that `document` is, if it is a whole one: 10, and 10.0 as some write it.
std::optional<std::int64_t> whole_number(const Document& document) {
  if (const auto* whole = document.as<std::int64_t>()) return *whole;
  const auto* number = document.as<double>();
  constexpr double kLimit = 0x1p63;
  if (number == nullptr || *number != std::trunc(*number)) return std::nullopt;
  if (!(std::abs(*number) < kLimit)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

/// Refuses keys with nothing behind them where people write them: an empty
/// variable or lines commented out would mean everybody, or for ever.
Result<void> check_values(const Fields& fields, Dialect dialect,
                          const std::vector<std::string>& keys, const std::string& prefix = "") {
  if (dialect == Dialect::kToxiproxy) return {};
  for (const std::string& key : keys) {
    const Document* nothing = fields.find_null(key);
    if (nothing != nullptr) return wrong(*nothing, prefix + key + " has no value");
  }
  return {};
}

/// One of our maps in a toxic: its values, and what errors call them ("pulse.on").
class Part {
 public:
  /// `document` outlives it. Errors: kInvalid.
  static Result<Part> of(const Document& document, Dialect dialect, const std::string& name,
                         const std::vector<std::string>& known) {
    const Dialect strict = is_strict(dialect) ? dialect : Dialect::kStrict;
    const auto fields = Fields::of(document, strict, name, known);
    if (!fields) return Fail(fields.error());
    const auto checked = check_values(*fields, dialect, known, name + ".");
    if (!checked) return Fail(checked.error());
    return Part(document, *fields, dialect, name);
  }

  const Document& place() const { return document_; }
  Dialect dialect() const { return dialect_; }
  const Document* find(const std::string& key) const { return fields_.find(key); }
  std::string name_of(const std::string& key) const { return name_ + "." + key; }

  Fail missing(const std::string& key) const {
    return wrong(document_, "missing required field: " + name_of(key));
  }
  Fail must(const Document& value, const std::string& key, const std::string& what) const {
    return wrong_type(value, dialect_, name_of(key) + " must be " + what);
  }

 private:
  Part(const Document& document, Fields fields, Dialect dialect, std::string name)
      : document_(document), fields_(fields), dialect_(dialect), name_(std::move(name)) {}

  const Document& document_;
  Fields fields_;
  Dialect dialect_;
  std::string name_;
};

/// The duration at `key`; none if it is absent.
Result<std::optional<Duration>> duration(const Part& part, const std::string& key) {
  const Document* value = part.find(key);
  if (value == nullptr) return std::nullopt;
  const auto milliseconds = whole_number(*value);
  if (milliseconds && *milliseconds >= 0 && part.dialect() == Dialect::kToxiproxy) {
    return saturated_milliseconds(*milliseconds);
  }
  const auto* text = value->as<std::string>();
  if (text == nullptr) {
    return part.must(*value, key, "a duration like 1.5s, not " + describe(*value));
  }
  const auto parsed = parse_duration(*text);
  if (!parsed) {
    return wrong_type(*value, part.dialect(), part.name_of(key) + ": " + parsed.error().message);
  }
  return *parsed;
}

Result<Duration> needed_duration(const Part& part, const std::string& key) {
  const auto found = duration(part, key);
  if (!found) return Fail(found.error());
  if (!*found) return part.missing(key);
  return **found;
}

Result<std::uint64_t> count_of(const Part& part, const std::string& key) {
  const Document* value = part.find(key);
  if (value == nullptr) return 0;
  const auto number = whole_number(*value);
  if (!number || *number < 1) {
    return part.must(*value, key, "a whole number from 1 up, not " + describe(*value));
  }
  return static_cast<std::uint64_t>(*number);
}

/// A value of `attribute`, within its bounds; errors call it `key`, not by the attribute's name.
Result<double> number_at(const Part& part, const std::string& key, const AttributeType& attribute) {
  AttributeType named = attribute;
  named.name = part.name_of(key);
  const Document* value = part.find(key);
  if (value == nullptr) return part.missing(key);
  std::optional<double> number;
  if (const auto* whole = value->as<std::int64_t>()) number = static_cast<double>(*whole);
  if (const auto* decimal = value->as<double>()) number = *decimal;
  if (const auto* text = value->as<std::string>()) {
    const auto parsed = named.parse(*text);
    if (!parsed) return wrong_type(*value, part.dialect(), parsed.error().message);
    number = named.quantity == Quantity::kWhole ? static_cast<double>(parsed->number)
                                                : parsed->decimal();
  }
  if (!number) return part.must(*value, key, named.description() + ", not " + describe(*value));
  const auto stored = named.from_number(*number);
  if (!stored) {
    return wrong_type(*value, part.dialect(), stored.error().message + ", not " + describe(*value));
  }
  const auto checked = named.check_bounds(*stored);
  if (!checked) return wrong(*value, checked.error().message);
  const auto* text = value->as<std::string>();
  if (text == nullptr || text->find_first_not_of("+-.0123456789") == std::string::npos) {
    if (const auto with = check_unit(*value, named, *stored, part.dialect()); !with) {
      return Fail(with.error());
    }
  }
  return *number;
}

}  // namespace

Result<std::optional<OnOff>> decode_turns(const Fields& toxic, const std::string& key,
                                          Dialect dialect) {
  const Document* document = toxic.find(key);
  if (document == nullptr) return std::nullopt;
  const bool is_random = key == "poisson";
  std::vector<std::string> known = {"on", "off"};
  if (!is_random) known.emplace_back("jitter");
  const auto part = Part::of(*document, dialect, key, known);
  if (!part) return Fail(part.error());
  const auto on = needed_duration(*part, "on");
  if (!on) return Fail(on.error());
  const auto off = needed_duration(*part, "off");
  if (!off) return Fail(off.error());
  const auto jitter = duration(*part, "jitter");
  if (!jitter) return Fail(jitter.error());
  if (*on < Schedule::kShortest || *off < Schedule::kShortest) {
    return wrong(*document, key + ": on and off must be at least 1ms");
  }
  return OnOff{.on = *on,
               .off = *off,
               .jitter = jitter->value_or(Duration(0)),
               .lengths = is_random ? OnOff::Lengths::kExponential : OnOff::Lengths::kUniform};
}

namespace {

/// `after` or `until`: a time or a number of bytes.
struct Bound {
  std::optional<Duration> time;
  std::optional<std::uint64_t> bytes;
};

Result<Bound> decode_bound(const Fields& toxic, const std::string& key, Dialect dialect) {
  const Document* value = toxic.find(key);
  if (value == nullptr) return Bound{};
  const auto* text = value->as<std::string>();
  bool has_unit = !value->as<std::int64_t>() && !value->as<double>();
  if (text != nullptr) {
    has_unit = text->empty() || text->find_first_not_of("0123456789.") != std::string::npos;
    const auto time = parse_duration(*text);
    if (time) return Bound{*time, {}};
    const auto bytes = parse_size(*text);
    if (bytes && has_unit) return Bound{{}, static_cast<std::uint64_t>(*bytes)};
  }
  return wrong_type(*value, dialect,
                    key + " must be a time like \"10s\" or a size like \"64KiB\", not " +
                        (text == nullptr ? describe(*value) : "`" + *text + "`") +
                        (has_unit ? "" : ": it needs a unit"));
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
  const auto part = Part::of(*document, dialect, "ramp", {"attribute", "from", "to", "over"});
  if (!part) return Fail(part.error());
  const Document* named = part->find("attribute");
  const auto* name = named == nullptr ? nullptr : named->as<std::string>();
  if (named != nullptr && name == nullptr) {
    return part->must(*named, "attribute", "a string, not " + describe(*named));
  }
  const int first = type.attributes.empty() ? -1 : 0;
  const int index = name == nullptr ? first : type.attribute_index(*name);
  if (index < 0 || type.attributes[static_cast<std::size_t>(index)].is_text()) {
    return wrong(*document, "ramp.attribute must name a number of `" + type.name + "`" +
                                did_you_mean(name == nullptr ? "" : *name, type.attribute_names()));
  }
  const AttributeType& attribute = type.attributes[static_cast<std::size_t>(index)];
  const auto from = number_at(*part, "from", attribute);
  if (!from) return Fail(from.error());
  const auto to = number_at(*part, "to", attribute);
  if (!to) return Fail(to.error());
  const auto over = needed_duration(*part, "over");
  if (!over) return Fail(over.error());
  return ToxicRamp{.attribute = index, .values = {.from = *from, .to = *to, .over = *over}};
}

/// The values that are given one by one at `one`, or as the list `many`; none if neither is.
Result<std::vector<const Document*>> values_of(const Part& match, const std::string& one,
                                               const std::string& many, const std::string& example,
                                               const std::string& noun) {
  std::vector<const Document*> values;
  const Document* single = one.empty() ? nullptr : match.find(one);
  const Document* all = match.find(many);
  if (single != nullptr && all != nullptr) {
    return wrong(*single, match.name_of(one) + " is given beside " + match.name_of(many) +
                              ": put it into that list");
  }
  if (single != nullptr) return std::vector<const Document*>{single};
  if (all == nullptr) return values;
  const auto* list = all->as<Document::Array>();
  if (list == nullptr) {
    return match.must(*all, many, "a list like [" + example + "], not " + describe(*all));
  }
  if (list->empty()) {
    return wrong(*all, match.name_of(many) + " is empty: leave " + (one.empty() ? many : "match") +
                           " out, or name a " + noun);
  }
  constexpr std::size_t kMost = 400;  // What a packet filter takes of any kind.
  if (list->size() > kMost) {
    return wrong(*all,
                 match.name_of(many) + ": at most 400 " + noun + (noun.back() == 'x' ? "es" : "s"));
  }
  for (const Document& value : *list) values.push_back(&value);
  return values;
}

/// Each of `values` as `parse` reads it; errors call them `name`, and each `what`.
template <class Value>
Result<std::vector<Value>> parsed(const std::vector<const Document*>& values, const Part& match,
                                  const std::string& name, const std::string& what,
                                  Result<Value> (*parse)(std::string_view)) {
  std::vector<Value> all;
  for (const Document* value : values) {
    const auto* text = value->as<std::string>();
    const Result<Value> read = text == nullptr
                                   ? fail(ErrorKind::kInvalid, what + ", not " + describe(*value))
                                   : parse(*text);
    if (!read) {
      return wrong_type(*value, match.dialect(), name + ": " + read.error().message);
    }
    all.push_back(*read);
  }
  return all;
}

Result<std::vector<IpPrefix>> decode_clients(const Part& match, const std::string& key) {
  const auto values = values_of(match, "", key, "10.1.0.0/16", "prefix");
  if (!values) return Fail(values.error());
  return parsed(*values, match, match.name_of(key), "an address or prefix", &IpPrefix::parse);
}

/// Clients by their addresses, or by their zone.
struct ClientPlace {
  std::optional<IpPrefix> prefix{};
  std::string zone{};

  static Result<ClientPlace> parse(std::string_view text) {
    const auto prefix = IpPrefix::parse(text);
    if (prefix) return ClientPlace{*prefix, ""};
    const bool is_zone = text == kNoZoneName || check_zone_name(text).has_value();
    if (is_zone) return ClientPlace{std::nullopt, std::string(text)};
    return Fail(prefix.error());
  }
};

Result<void> decode_named_clients(const Part& match, ToxicMatch& into) {
  const auto values = values_of(match, "client", "clients", "10.1.0.0/16", "prefix");
  if (!values) return Fail(values.error());
  const auto places = parsed(*values, match, "match.clients", "an address, a prefix or a zone",
                             &ClientPlace::parse);
  if (!places) return Fail(places.error());
  for (const ClientPlace& place : *places) {
    if (place.prefix) into.clients.push_back(*place.prefix);
    if (!place.prefix) into.client_zones.push_back(place.zone);
  }
  return {};
}

Result<std::vector<DestinationPattern>> decode_destinations(const Part& match) {
  const auto values =
      values_of(match, "destination", "destinations", "10.2.0.0/16:5432", "destination");
  if (!values) return Fail(values.error());
  return parsed(*values, match, "match.destinations", "a prefix or a name",
                &DestinationPattern::parse);
}

Result<std::optional<ConnectionShare>> decode_share(const Part& match) {
  const Document* by = match.find("by");
  if (match.find("connections") == nullptr) {
    if (by == nullptr) return std::nullopt;
    return wrong(*by, "match.by says how match.connections is drawn: give that, too");
  }
  const auto share = number_at(match, "connections",
                               {.name = "connections",
                                .unit = "",
                                .summary = "",
                                .at_most = AttributeValue::kMillion,
                                .quantity = Quantity::kProbability});
  if (!share) return Fail(share.error());
  ConnectionShare decoded{.share = *share};
  if (by == nullptr) return decoded;
  const auto* word = by->as<std::string>();
  if (word == nullptr || (*word != "ordinal" && *word != "client")) {
    return match.must(*by, "by",
                      "`ordinal` or `client`, not " +
                          (word == nullptr ? describe(*by) : "`" + *word + "`") +
                          did_you_mean(word == nullptr ? "" : *word, {"ordinal", "client"}));
  }
  if (*word == "client") decoded.by = ConnectionShare::By::kClient;
  return decoded;
}

std::uint64_t bytes_after(const ToxicTiming& timing) {
  return timing.bytes ? timing.bytes->after : 0;
}

std::optional<std::uint64_t> bytes_until(const ToxicTiming& timing) {
  return timing.bytes ? timing.bytes->until : std::nullopt;
}

/// Whether they are the same as the API shows them: with six decimals.
bool is_same(ToxicMatch a, ToxicMatch b) {
  for (ToxicMatch* match : {&a, &b}) {
    if (!match->share) continue;
    match->share->share = std::round(match->share->share * AttributeValue::kMillion);
  }
  return a == b;
}

/// Whether they are the same as the API shows them.
bool is_same(const std::optional<ToxicRamp>& a, const std::optional<ToxicRamp>& b,
             const ToxicType& type) {
  if (!a || !b) return a == b;
  if (a->attribute != b->attribute || a->values.over != b->values.over) return false;
  const AttributeType& attribute = type.attributes[static_cast<std::size_t>(a->attribute)];
  const auto stored = [&](double end) { return attribute.from_number(end).value_or(0); };
  return stored(a->values.from) == stored(b->values.from) &&
         stored(a->values.to) == stored(b->values.to);
}

}  // namespace

const std::vector<std::string>& condition_keys() {
  static const std::vector<std::string> kKeys = {"match", "pulse", "poisson",
                                                 "after", "until", "ramp"};
  return kKeys;
}

Result<ToxicMatch> decode_match(const Fields& toxic, Dialect dialect) {
  ToxicMatch match;
  const auto checked = check_values(toxic, dialect, {"match"});
  if (!checked) return Fail(checked.error());
  const Document* document = toxic.find("match");
  if (document == nullptr) return match;
  const auto part = Part::of(*document, dialect, "match",
                             {"client", "clients", "not_clients", "destination", "destinations",
                              "connections", "by", "after", "first", "every"});
  if (!part) return Fail(part.error());
  const auto clients = decode_named_clients(*part, match);
  if (!clients) return Fail(clients.error());
  auto not_clients = decode_clients(*part, "not_clients");
  if (!not_clients) return Fail(not_clients.error());
  match.not_clients = *std::move(not_clients);
  auto destinations = decode_destinations(*part);
  if (!destinations) return Fail(destinations.error());
  match.destinations = *std::move(destinations);
  const auto share = decode_share(*part);
  if (!share) return Fail(share.error());
  match.share = *share;
  const auto after = count_of(*part, "after");
  if (!after) return Fail(after.error());
  const auto first = count_of(*part, "first");
  if (!first) return Fail(first.error());
  const auto every = count_of(*part, "every");
  if (!every) return Fail(every.error());
  match.count = {.after = *after, .first = *first, .every = *every};
  if (match == ToxicMatch{}) {
    return wrong(*document,
                 "match names nobody: give clients, not_clients, destinations, connections, after, "
                 "first or every");
  }
  return match;
}

Result<ToxicTiming> decode_timing(const Fields& toxic, const ToxicType& type, Dialect dialect) {
  ToxicTiming timing;
  const auto checked = check_values(toxic, dialect, {"pulse", "poisson", "after", "until", "ramp"});
  if (!checked) return Fail(checked.error());
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

Result<void> check_conditions_kept(const Fields& update, const ToxicSpec& toxic, Dialect dialect) {
  const auto match = decode_match(update, dialect);
  if (!match) return Fail(match.error());
  const auto timing = decode_timing(update, *toxic.type, dialect);
  if (!timing) return Fail(timing.error());
  const ToxicTiming& own = toxic.timing;
  const std::pair<std::string, bool> kept[] = {
      {"match", is_same(*match, toxic.match)},
      {"pulse", timing->pulse == own.pulse},
      {"poisson", timing->poisson == own.poisson},
      {"after", timing->time.after == own.time.after && bytes_after(*timing) == bytes_after(own)},
      {"until", timing->time.until == own.time.until && bytes_until(*timing) == bytes_until(own)},
      {"ramp", is_same(timing->ramp, own.ramp, *toxic.type)}};
  for (const auto& [key, is_kept] : kept) {
    const Document* value = update.find(key);
    if (value == nullptr || is_kept) continue;
    return wrong(*value, key + " cannot be changed: remove the toxic and add it anew");
  }
  return {};
}

}  // namespace faultline
