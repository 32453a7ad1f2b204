#include <nlohmann/json.hpp>

#include "bench/truth/report.h"

namespace faultline::bench::truth {

namespace {

using Json = nlohmann::ordered_json;

struct Metric {
  const char* key;
  Distribution Figures::*values;
};
constexpr Metric kMetrics[] = {
    {"bulk_mbit_per_second", &Figures::bulk},
    {"fetch_100kb_ms", &Figures::large_fetch},
    {"fetch_100kb_after_connect_ms", &Figures::large_fetch_after_connect},
    {"fetch_10kb_ms", &Figures::small_fetch},
    {"fetch_10kb_after_connect_ms", &Figures::small_fetch_after_connect},
    {"echo_ms", &Figures::echo},
    {"connect_ms", &Figures::connect},
    {"connect_and_echo_ms", &Figures::connect_echo},
};

Json summary(const Distribution& values) {
  if (values.is_empty()) return nullptr;
  return {{"count", values.count()},         {"mean", values.mean()},
          {"variation", values.variation()}, {"least", values.quantile(0)},
          {"p10", values.quantile(0.1)},     {"p50", values.quantile(0.5)},
          {"p90", values.quantile(0.9)},     {"p99", values.quantile(0.99)},
          {"p99.9", values.quantile(0.999)}, {"most", values.quantile(1)}};
}

Json criterion_json(const Criterion& criterion) {
  const Judgement& judgement = criterion.judgement;
  Json json = {{"truth", judgement.truth},
               {"faultline", judgement.ours},
               {"ratio", judgement.ratio()},
               {"tolerance", criterion.tolerance},
               {"passes", judgement.passes}};
  if (judgement.cliff) {
    json["cliff"] = {{"limit", judgement.cliff->limit},
                     {"truth_share_above", judgement.cliff->truth_above},
                     {"faultline_share_above", judgement.cliff->ours_above}};
  }
  return json;
}

Json cell_json(const Report& report, std::size_t index) {
  const Cell& cell = report.task.cells[index];
  Json json = {{"rtt_ms", cell.rtt_ms}, {"loss", cell.loss}};
  for (const Metric& metric : kMetrics) {
    Json& entry = json[metric.key];
    const bool is_truth = !report.truth.empty();
    const bool is_ours = !report.ours.empty();
    if (is_truth) entry["truth"] = summary(report.truth[index].*metric.values);
    // Through a proxy connect() alone says nothing.
    if (is_ours && metric.values != &Figures::connect) {
      entry["faultline"] = summary(report.ours[index].*metric.values);
    }
    if (!is_truth || !is_ours) continue;
    const Distribution& truth = report.truth[index].*metric.values;
    const Distribution& ours = report.ours[index].*metric.values;
    if (metric.values == &Figures::connect || truth.is_empty() || ours.is_empty()) continue;
    entry["distance"] = distance(truth, ours);
    entry["distance_beyond_slack"] = distance(truth, ours, kSlack);
  }
  if (const auto criteria = judge(report, index)) {
    for (const Criterion& criterion : *criteria) {
      json["criteria"][criterion.key] = criterion_json(criterion);
    }
  }
  return json;
}

}  // namespace

std::string to_json(const Report& report) {
  const Task& task = report.task;
  Json json = {{"version", report.version},
               {"machine",
                {{"cores", report.machine.cores},
                 {"cpu", report.machine.cpu},
                 {"kernel", report.machine.kernel}}},
               {"seed", task.loads.seed},
               {"congestion", task.loads.congestion},
               {"loss_on", text_of(task.kind.loss_on)},
               {"burst_length", task.kind.burst_length},
               {"is_judged", report.is_judged},
               {"cells", Json::array()},
               {"notes", report.notes},
               {"problems", report.problems}};
  for (std::size_t i = 0; i < task.cells.size(); ++i) json["cells"].push_back(cell_json(report, i));
  return json.dump(1) + "\n";
}

}  // namespace faultline::bench::truth
