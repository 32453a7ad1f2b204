// What timelines do, in words.

#include <cmath>

#include "base/quantities.h"
#include "control-api/timeline.h"
#include "toxics/words.h"

namespace faultline {

namespace {

/// "b", "a and b", "everything else".
std::string words_of_zones(const std::vector<std::string>& zones) {
  std::string text;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (i > 0) text += i + 1 == zones.size() ? " and " : ", ";
    text += zones[i] == kEverythingElse ? "everything else" : zones[i];
  }
  const bool is_else = zones.size() == 1 && zones.front() == kEverythingElse;
  return is_else ? text : (zones.size() == 1 ? "zone " : "zones ") + text;
}

std::string words_of_shape(const PartitionShape& shape) {
  using Kind = PartitionShape::Kind;
  const std::string zones = words_of_zones(shape.zones);
  switch (shape.kind) {
    case Kind::kFromTo: {
      const std::string from = words_of_zones(shape.from);
      const std::string to = words_of_zones(shape.to);
      if (shape.direction == PartitionShape::Direction::kFromTo)
        return "from " + from + " to " + to;
      if (shape.direction == PartitionShape::Direction::kToFrom)
        return "from " + to + " to " + from;
      return "between " + from + " and " + to;
    }
    case Kind::kIsolate:
      return "between " + zones + " and everything else";
    case Kind::kHalves:
      return "between the halves of " + zones;
    case Kind::kBridge:
      return "between the halves of " + zones + ", but for the one in the middle";
    case Kind::kOneWay:
      return "from the first of " + zones + " to the others";
    case Kind::kRing:
      return "around the ring of " + zones;
  }
  return zones;
}

/// The value of an attribute, with its unit.
std::string value_of(const ToxicSpec& fault, const char* attribute) {
  const auto index = static_cast<std::size_t>(fault.type->attribute_index(attribute));
  return fault.type->attributes.at(index).text_with_unit(fault.attributes.at(index));
}

std::string words_of_mode(const PartitionSpec& partition) {
  switch (partition.mode) {
    case PartitionMode::kBlackhole:
      return "packets vanish and nobody is told";
    case PartitionMode::kReset:
      return "connections are reset";
    case PartitionMode::kRefuse:
      return "connections are reset, and who dials is refused";
    case PartitionMode::kClose:
      return "connections are closed";
    case PartitionMode::kStall:
      return "connections stay open and no byte moves";
    case PartitionMode::kSlow:
      return "bytes come " + value_of(partition.fault, "latency") + " late";
    case PartitionMode::kLossy:
      return value_of(partition.fault, "loss") + " of packets are lost";
  }
  return "";
}

std::string percent_of(double share) {
  return words_of_share(
      AttributeValue(std::llround(share * static_cast<double>(AttributeValue::kMillion))));
}

/// For whom and when: clauses for the end of a sentence.
std::string clauses_of(const ToxicSpec& fault) {
  std::string text;
  const double share = fault.match.share ? fault.match.share->share : 1;
  const double all = share * static_cast<double>(fault.toxicity);
  if (all < 1) text += ", for " + percent_of(all) + " of connections";
  if (fault.timing.pulse) {
    text += ", by turns " + words_of(fault.timing.pulse->on) + " on and " +
            words_of(fault.timing.pulse->off) + " off";
  }
  if (fault.reach.shadow) text += ", in shadow: counted, and not done";
  return text;
}

}  // namespace

std::string in_words(const TimelineStep& step) {
  if (step.partition) {
    return words_of_shape(step.partition->shape) + ", " + words_of_mode(*step.partition) +
           clauses_of(step.partition->fault);
  }
  if (step.toxic) {
    return "on proxy " + step.proxy + ", " +
           step.toxic->type->words(step.toxic->attributes, step.toxic->direction) +
           clauses_of(*step.toxic);
  }
  return "nothing is done";
}

std::string in_words(const Timeline& timeline) {
  std::string text = timeline.name + ", " + duration_text(timeline.length) + " in all";
  text += (timeline.summary.empty() ? "" : ": " + timeline.summary) + "\n";
  for (const TimelineStep& step : timeline.steps) {
    text += "  " + duration_text(step.start) + " to " + duration_text(step.end) + "  " + step.name +
            ": " + in_words(step) + "\n";
  }
  return text;
}

}  // namespace faultline
