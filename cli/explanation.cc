#include "cli/explanation.h"

#include <cctype>
#include <cmath>

#include "base/quantities.h"
#include "base/verify.h"
#include "cli/console.h"
#include "control-api/partition_words.h"
#include "toxics/words.h"

namespace faultline {

namespace {

/// "a", "a and b", "a, b and c".
std::string list_in_words(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

/// "3rd".
std::string ordinal_in_words(std::uint64_t number) {
  const std::uint64_t tens = number % 100;
  const bool is_teen = tens >= 11 && tens <= 13;
  const std::uint64_t last = is_teen ? 0 : number % 10;
  return std::to_string(number) + (last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

/// For whom: clauses for the end of a sentence.
std::vector<std::string> match_clauses(const ToxicSpec& toxic) {
  std::vector<std::string> clauses;
  if (toxic.toxicity <= 0) {
    clauses.emplace_back("for no connection");
  } else if (toxic.toxicity < 1) {
    const auto millionths = static_cast<std::int64_t>(
        std::llround(static_cast<double>(toxic.toxicity) * AttributeValue::kMillion));
    clauses.push_back("for " + words_of_share(millionths) + " of connections");
  }
  if (!toxic.match.clients.empty() || !toxic.match.client_zones.empty()) {
    std::vector<std::string> clients;
    for (const IpPrefix& client : toxic.match.clients) clients.push_back(client.text());
    for (const std::string& zone : toxic.match.client_zones) clients.push_back("zone " + zone);
    clauses.push_back("for clients of " + list_in_words(clients));
  }
  if (!toxic.match.destinations.empty()) {
    std::vector<std::string> places;
    for (const DestinationPattern& place : toxic.match.destinations) places.push_back(place.text());
    clauses.push_back("for connections to " + list_in_words(places));
  }
  const ConnectionCount& count = toxic.match.count;
  if (count.after > 0) {
    clauses.push_back(count.after == 1
                          ? "behind the first connection"
                          : "behind the first " + std::to_string(count.after) + " connections");
  }
  if (count.first > 0) {
    clauses.push_back(count.first == 1
                          ? "for the first connection"
                          : "for the first " + std::to_string(count.first) + " connections");
  }
  if (count.every > 1) {
    clauses.push_back("for every " + ordinal_in_words(count.every) + " connection");
  }
  return clauses;
}

/// "from 10 s", "until 60 s", or both, and of what.
std::string window_in_words(const std::string& after, const std::string& until,
                            const std::string& of) {
  if (until.empty()) return "from " + after + " of " + of + " on";
  if (after.empty()) return "until " + until + " of " + of;
  return "from " + after + " to " + until + " of " + of;
}

/// When: clauses for the end of a sentence.
std::vector<std::string> timing_clauses(const ToxicSpec& toxic) {
  const ToxicTiming& timing = toxic.timing;
  std::vector<std::string> clauses;
  if (timing.pulse) {
    clauses.push_back("by turns " + words_of(timing.pulse->on) + " on and " +
                      words_of(timing.pulse->off) + " off" +
                      (timing.pulse->jitter > Duration(0)
                           ? " (each ± " + words_of(timing.pulse->jitter) + ")"
                           : ""));
  }
  if (timing.poisson) {
    clauses.push_back("by chance " + words_of(timing.poisson->on) + " on and " +
                      words_of(timing.poisson->off) + " off on average");
  }
  const TimeWindow& time = timing.time;
  if (time.after > Duration(0) || time.until) {
    clauses.push_back(window_in_words(time.after > Duration(0) ? words_of(time.after) : "",
                                      time.until ? words_of(*time.until) : "",
                                      "each connection's time"));
  }
  if (timing.bytes) {
    const ByteWindow::Bounds& bytes = *timing.bytes;
    clauses.push_back(window_in_words(bytes.after > 0 ? words_of_bytes(bytes.after) : "",
                                      bytes.until ? words_of_bytes(*bytes.until) : "",
                                      words_of_stream(toxic.direction)));
  }
  return clauses;
}

/// A value of an attribute as a ramp has it, with its unit.
std::string ramp_end_in_words(const AttributeType& attribute, double value) {
  const double stored =
      attribute.quantity == Quantity::kWhole ? value : value * AttributeValue::kMillion;
  const AttributeValue rounded(static_cast<std::int64_t>(std::llround(stored)));
  if (attribute.quantity == Quantity::kProbability) return words_of_share(rounded);
  return attribute.text_of(rounded) + (attribute.unit.empty() ? "" : " " + attribute.unit);
}

std::string ramp_clause(const ToxicSpec& toxic) {
  const ToxicRamp& ramp = *toxic.timing.ramp;
  const AttributeType& attribute = toxic.type->attributes[static_cast<std::size_t>(ramp.attribute)];
  return "its " + attribute.name + " going from " + ramp_end_in_words(attribute, ramp.values.from) +
         " to " + ramp_end_in_words(attribute, ramp.values.to) + " over " +
         words_of(ramp.values.over);
}

/// "Zone `a`: 10.1.0.0/16 and fd00:1::/32."
std::string explanation(const std::vector<ZoneSpec>& zones) {
  std::string text;
  for (const ZoneSpec& zone : zones) {
    std::vector<std::string> cidrs;
    for (const IpPrefix& cidr : zone.cidrs) cidrs.push_back(cidr.text());
    text += "Zone `" + printable(zone.name) +
            "`: " + (cidrs.empty() ? "what proxies say is in it" : list_in_words(cidrs)) + ".\n";
  }
  return text;
}

/// "; its clients are in zone a, and its upstream is in zone b": what it says itself.
std::string zones_in_words(const ProxySpec& proxy) {
  std::vector<std::string> parts;
  if (!proxy.client_zone.empty()) {
    parts.push_back("its clients are in zone " + printable(proxy.client_zone));
  }
  if (!proxy.zone.empty()) parts.push_back("its upstream is in zone " + printable(proxy.zone));
  return parts.empty() ? "" : "; " + list_in_words(parts);
}

}  // namespace

/// Where a proxy passes connections on to.
std::string whereto(const Route& route) {
  switch (route.protocols.protocol) {
    case Protocol::kTcp:
      return printable(route.upstream);
    case Protocol::kSocks5:
      return "wherever a client asks by SOCKS 5";
    case Protocol::kConnect:
      return "wherever a client asks by HTTP CONNECT";
    case Protocol::kTransparent:
      return "wherever a client had dialled before it was redirected";
  }
  return "";
}

std::string explanation(const ToxicSpec& toxic) {
  VERIFY(toxic.type->words != nullptr);
  std::string text = toxic.type->words(toxic.attributes, toxic.direction);
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  for (const std::string& clause : match_clauses(toxic)) text += ", " + clause;
  for (const std::string& clause : timing_clauses(toxic)) text += ", " + clause;
  if (toxic.timing.ramp) text += ", " + ramp_clause(toxic);
  return text + ".";
}

std::string explanation(const ProxySpec& proxy) {
  const std::string listen = proxy.listen.empty() ? "a free port" : printable(proxy.listen);
  std::string text = "Proxy `" + printable(proxy.name) + "` ";
  text += proxy.enabled ? "listens on " + listen + " and passes on to " + whereto(proxy.route())
                        : "is disabled: connecting to " + listen + " is refused";
  text += zones_in_words(proxy) + (proxy.toxics.empty() ? ". It has no toxic.\n" : ".\n");
  for (const ToxicSpec& toxic : proxy.toxics) {
    text += "  `" + printable(toxic.name) + "`: " + explanation(toxic) + "\n";
  }
  return text;
}

std::string explanation(const PartitionSpec& partition) {
  const ToxicLife& life = partition.fault.life;
  std::string text = "Partition `" + printable(partition.name) +
                     "`: " + printable(state_in_words(partition)) + limits_in_words(partition);
  const bool has_end = life.ttl && *life.ttl < kLongest;
  text += has_end ? ", for " + duration_text(*life.ttl) : ", until it is healed";
  if (cuts(partition.mode) && !ends_connections(partition.mode) && !partition.fault.reach.shadow) {
    text += partition.fault.reach.on_remove == OnRemove::kReset ? ". Then its connections are reset"
                                                                : ". Then its connections go on";
  }
  return text + ".\n";
}

std::string explanation(const Configured& configured) {
  std::vector<std::string> paragraphs;
  if (!configured.zones.empty()) paragraphs.push_back(explanation(configured.zones));
  for (const ProxySpec& proxy : configured.proxies) paragraphs.push_back(explanation(proxy));
  if (configured.proxies.empty()) paragraphs.emplace_back("There is no proxy.\n");
  std::string partitions;
  for (const PartitionSpec& partition : configured.partitions) partitions += explanation(partition);
  if (!partitions.empty()) paragraphs.push_back(partitions);
  std::string text;
  for (const std::string& paragraph : paragraphs) text += (text.empty() ? "" : "\n") + paragraph;
  return text;
}

}  // namespace faultline
