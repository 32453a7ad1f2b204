#include "control-api/timeline_presets.h"

#include <string>

#include "base/nearest_name.h"
#include "base/verify.h"
#include "proxy/yaml_document.h"

namespace faultline {

namespace {

/// The outage of 2 to 20 minutes that reports of lost zones tell of: power sags, hosts go dark
/// without a word, refuse while they boot, and are slow with empty caches.
constexpr std::string_view kPowerLoss = R"(
name: az-power-loss
summary: a zone browns out, goes dark, comes back refusing, and is slow while it is cold
steps:
  - name: brown-out
    for: "${brown-out:-2m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: slow,
                attributes: {latency: 150ms, jitter: 50ms}}
  - name: dark
    for: "${dark:-10m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: blackhole}
  - name: hosts return
    for: "${hosts-return:-1m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: refuse}
  - name: cold
    for: "${cold:-5m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: slow,
                attributes: {latency: 300ms, jitter: 100ms}}
)";

constexpr std::string_view kIsolated = R"(
name: az-isolated
summary: a zone is cut off from everything else, and nobody is told
steps:
  - name: isolated
    for: "${for:-30m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: "${mode:-blackhole}"}
)";

constexpr std::string_view kSlow = R"(
name: az-slow
summary: whatever goes into or out of a zone is late
steps:
  - name: slow
    for: "${for:-30m}"
    partition: {shape: isolate, zones: ["${zone}"], mode: slow,
                attributes: {latency: "${latency:-200ms}"}}
)";

/// AWS FIS's "Cross-AZ: Traffic Slowdown" loses 15 % for 30 minutes.
constexpr std::string_view kLoss = R"(
name: cross-az-loss
summary: packets from a zone to all others are lost, as AWS FIS does it
steps:
  - name: loss
    for: "${for:-30m}"
    partition:
      from: "${zone}"
      to: ["*"]
      direction: from_to
      mode: lossy
      attributes: {loss: "${loss:-15%}"}
)";

constexpr std::string_view kCacheOutage = R"(
name: cache-outage
summary: a proxy's upstream, or those of a pattern, hangs, is gone, and comes back cold
steps:
  - name: hangs
    for: "${hangs:-1m}"
    toxic: {proxy: "${proxy}", type: stall}
  - name: gone
    for: "${gone:-5m}"
    toxic: {proxy: "${proxy}", type: refuse}
  - name: cold
    for: "${cold:-5m}"
    toxic: {proxy: "${proxy}", type: latency, attributes: {latency: "${latency:-300ms}"}}
)";

constexpr std::string_view kRegionCut = R"(
name: region-cut
summary: several zones together are cut off from everything else
steps:
  - name: cut
    for: "${for:-30m}"
    partition: {shape: isolate, zones: "${zones}", mode: "${mode:-blackhole}"}
)";

/// Nobody has written these lines: an error in them is about what was filled in.
void forget_places(Document& document) {
  document.line = 0;
  document.column = 0;
  if (auto* list = std::get_if<Document::Array>(&document.value)) {
    for (Document& element : *list) forget_places(element);
  } else if (auto* map = std::get_if<Document::Object>(&document.value)) {
    for (auto& [key, value] : *map) forget_places(value);
  }
}

}  // namespace

const std::vector<TimelinePreset>& timeline_presets() {
  static const std::vector<TimelinePreset> kPresets = [] {
    std::vector<TimelinePreset> presets;
    for (const std::string_view yaml :
         {kPowerLoss, kIsolated, kSlow, kLoss, kCacheOutage, kRegionCut}) {
      const auto value_of = [&](std::string_view key) {
        const std::size_t begin = yaml.find(key) + key.size();
        return yaml.substr(begin, yaml.find('\n', begin) - begin);
      };
      presets.push_back({value_of("\nname: "), value_of("\nsummary: "), yaml});
    }
    return presets;
  }();
  return kPresets;
}

const TimelinePreset* find_timeline_preset(std::string_view name) {
  for (const TimelinePreset& preset : timeline_presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

Document document_of(const TimelinePreset& preset) {
  auto document = parse_yaml(std::string(preset.yaml), {});
  VERIFY(document);
  forget_places(*document);
  return *std::move(document);
}

Fail no_such_preset(std::string_view name) {
  std::vector<std::string> names;
  for (const TimelinePreset& preset : timeline_presets()) names.emplace_back(preset.name);
  return fail(ErrorKind::kNotFound,
              "there is no preset `" + std::string(name) + "`" + did_you_mean(name, names));
}

}  // namespace faultline
