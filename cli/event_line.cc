#include "cli/event_line.h"

#include <nlohmann/json.hpp>

#include "cli/cut_probes.h"
#include "cli/cut_recovery.h"
#include "cli/cut_proof.h"
#include "cli/read_partition.h"
#include "cli/v1_action.h"
#include "control-api/partition_words.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// "redis", "redis/slow", "b-cut", "a, b", "az-slow-1x2y".
std::string subject_of(const Json& event) {
  if (text_at(event, "type").starts_with("run.")) return text_at(event, "run");
  const std::string partition = text_at(event, "partition");
  if (!partition.empty()) return partition;
  if (text_at(event, "type") == "zones.changed") {
    std::string names;
    const Json after = event.value("after", Json::object());
    for (const Json& zone : after.value("zones", Json::array())) {
      names += (names.empty() ? "" : ", ") + text_at(zone, "name");
    }
    return names.empty() ? "none" : names;
  }
  const std::string toxic = text_at(event, "toxic");
  return text_at(event, "proxy") + (toxic.empty() ? "" : "/" + toxic);
}

/// What a partition does, or has come to.
std::string partition_detail(const Json& event) {
  const Json none;
  const auto at = [&](const char* key) -> const Json& {
    const auto found = event.find(key);
    return found == event.end() ? none : *found;
  };
  const std::string type = text_at(event, "type");
  if (type == "partition.recovery") return recovery_in_words(at("effect"));
  if (type == "partition.probed") return probes_in_words(at("effect"));
  const Json& view = at("after").is_object() ? at("after") : at("before");
  if (!view.is_object()) return "";
  const auto partition = read_partition(view);
  if (!partition) return "";
  if (at("effect").is_object()) return proof_of(at("effect"), *partition).counts;
  return deed_in_words(*partition) + limits_in_words(*partition);
}

/// The step that a run begins or ends, or what it has come to.
std::string run_detail(const Json& event) {
  std::string detail;
  for (const char* part : {"after", "before"}) {
    const auto found = event.find(part);
    if (found == event.end() || !found->is_object()) continue;
    for (const char* key : {"step", "state", "verdict"}) {
      const std::string text = text_at(*found, key);
      if (!text.empty()) detail += (detail.empty() ? "" : ", ") + text;
    }
    break;
  }
  return detail;
}

}  // namespace

void print_event(const Console& console, const Json& event) {
  console.out << text_at(event, "time") << "  " << console.bold(text_at(event, "type")) << "  "
              << subject_of(event) << "  " << text_at(event, "cause") << "  "
              << text_at(event, "owner") << "  " << text_at(event, "reason");
  const bool is_of_run = text_at(event, "type").starts_with("run.");
  if (is_of_run) console.out << "  " << run_detail(event);
  if (!is_of_run && !text_at(event, "partition").empty()) {
    console.out << "  " << partition_detail(event);
  }
  console.out << '\n';
}

}  // namespace faultline
