#include <cmath>
#include <cstdio>

#include "bench/report.h"
#include "control-api/json_writer.h"

namespace faultline::bench {

namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

/// {"a":1,"b":2} from texts that are JSON already.
std::string object(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string text;
  for (const auto& [key, value] : members) {
    text += (text.empty() ? "{" : ",") + json_string(key) + ":" + value;
  }
  return text.empty() ? "{}" : text + "}";
}

template <class Values, class ToText>
std::string array(const Values& values, const ToText& to_text) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "[" : ",") + to_text(value);
  return text.empty() ? "[]" : text + "]";
}

std::string summary_json(const Summary& summary) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [metric, spread] : summary) {
    members.emplace_back(text_of(metric).key, object({{"median", number(spread.median)},
                                                      {"least", number(spread.least)},
                                                      {"most", number(spread.most)}}));
  }
  return object(members);
}

std::string sample_json(const Sample& sample) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [metric, value] : sample)
    members.emplace_back(text_of(metric).key, number(value));
  return object(members);
}

/// Ours divided by theirs: in each round, and the median of these.
std::string ratios_json(const WorkloadResult& result, const ContenderResult& other) {
  const ContenderResult* ours = find_contender(result, kOurs);
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [metric, spread] : other.summary) {
    if (ours == nullptr) break;
    const std::vector<double> ratios = ratios_by_round(*ours, other, metric);
    if (ratios.empty()) continue;
    members.emplace_back(text_of(metric).key, object({{"median", number(spread_of(ratios).median)},
                                                      {"rounds", array(ratios, number)}}));
  }
  return object(members);
}

std::string comparison_json(const WorkloadResult& result) {
  return object({{"name", json_string(result.workload.name)},
                 {"title", json_string(result.workload.title)},
                 {"contenders", array(result.contenders, [&](const ContenderResult& contender) {
                    return object({{"name", json_string(contender.contender)},
                                   {"summary", summary_json(contender.summary)},
                                   {"rounds", array(contender.rounds, sample_json)},
                                   {"faultline_ratio", ratios_json(result, contender)}});
                  })}});
}

std::string fault_json(const FaultTable& table) {
  return object({{"name", json_string(table.name)},
                 {"title", json_string(table.title)},
                 {"note", json_string(table.note)},
                 {"rows", array(table.rows, [&](const FaultTable::Row& row) {
                    std::vector<std::pair<std::string, std::string>> members = {
                        {"case", json_string(row.label)}};
                    for (std::size_t i = 0; i < row.values.size(); ++i) {
                      members.emplace_back(table.columns[i].key, number(row.values[i]));
                    }
                    return object(members);
                  })}});
}

std::string seconds(Duration duration) {
  return number(std::chrono::duration<double>(duration).count());
}

}  // namespace

std::string to_json(const Report& report) {
  const auto quoted = [](const std::string& text) { return json_string(text); };
  return object({{"version", json_string(report.version)},
                 {"machine", object({{"cores", report.machine.cores},
                                     {"cpu", json_string(report.machine.cpu)},
                                     {"kernel", json_string(report.machine.kernel)}})},
                 {"workers", std::to_string(report.workers)},
                 {"warm_up_seconds", seconds(report.window.warm_up)},
                 {"window_seconds", seconds(report.window.length)},
                 {"comparisons", array(report.comparisons, comparison_json)},
                 {"faults", array(report.faults, fault_json)},
                 {"warnings", array(report.warnings, quoted)},
                 {"notes", array(report.notes, quoted)},
                 {"problems", array(report.problems, quoted)}}) +
         "\n";
}

}  // namespace faultline::bench
