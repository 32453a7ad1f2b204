#include "cli/matrix_model.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/amounts.h"
#include "cli/cut_proof.h"
#include "cli/read_partition.h"
#include "cli/v1_action.h"
#include "control-api/partition_words.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

MatrixCell read_cell(const Json& cell) {
  return {.state = text_at(cell, "state"),
          .open = count_at(cell, "open"),
          .bytes = count_at(cell, "bytes"),
          .has_flowed = count_at(cell, "connections") + count_at(cell, "bytes") +
                            count_at(cell, "cut") + count_at(cell, "crossed_connections") >
                        0};
}

/// Nothing if it has ended since it was listed.
Result<std::vector<MatrixPartition>> read_partition_line(const V1Remote& remote, const Json& view) {
  const auto spec = read_partition(view);
  if (!spec) return Fail(spec.error());
  const auto effect = remote.call("GET", v1_partition_path(spec->name) + "/effect");
  if (!effect) {
    if (effect.error().kind == ErrorKind::kNotFound) return std::vector<MatrixPartition>();
    return Fail(effect.error());
  }
  const bool keeps_apart = cuts(spec->mode) && !spec->fault.reach.shadow;
  return std::vector<MatrixPartition>{
      {.name = printable(spec->name),
       .state = state_in_words(*spec) + limits_in_words(*spec),
       .left = time_left(text_at(view, "ends_at")),
       .matched = count_at(*effect, "matched"),
       .crossed = keeps_apart ? std::optional(count_at(*effect, "crossed")) : std::nullopt}};
}

}  // namespace

std::string MatrixPartition::left_in_words() const {
  return left.empty() ? "no end by itself" : left + " left";
}

std::string MatrixPartition::counts_in_words() const {
  const std::string text = "matched " + grouped(matched);
  return crossed ? text + ", crossed " + grouped(*crossed) : text;
}

bool MatrixModel::has_partition(const std::string& name) const {
  return std::any_of(partitions.begin(), partitions.end(),
                     [&](const MatrixPartition& partition) { return partition.name == name; });
}

MatrixModel read_matrix(const Json& answer) {
  MatrixModel model;
  std::vector<std::string> names;
  for (const Json& zone : answer.value("zones", Json::array())) {
    names.push_back(zone.get<std::string>());
  }
  std::map<std::pair<std::string, std::string>, MatrixCell> cells;
  bool has_none = false;
  for (const Json& cell : answer.value("cells", Json::array())) {
    const std::string from = cell.value("from", "");
    const std::string to = cell.value("to", "");
    MatrixCell& kept = cells[{from, to}];
    kept = read_cell(cell);
    has_none |= kept.has_flowed && (from == kNoZoneName || to == kNoZoneName);
  }
  if (!has_none) names.erase(std::remove(names.begin(), names.end(), kNoZoneName), names.end());
  for (const std::string& from : names) {
    model.zones.push_back(printable(from));
    model.cells.emplace_back();
    for (const std::string& to : names) model.cells.back().push_back(cells[{from, to}]);
  }
  return model;
}

Result<std::vector<MatrixPartition>> look_at_partitions(const V1Remote& remote) {
  const auto list = remote.call("GET", "/v1/partitions");
  if (!list) return Fail(list.error());
  std::vector<MatrixPartition> partitions;
  for (const Json& view : list->value("partitions", Json::array())) {
    const auto read = read_partition_line(remote, view);
    if (!read) return Fail(read.error());
    partitions.insert(partitions.end(), read->begin(), read->end());
  }
  return partitions;
}

Result<MatrixModel> look_at_matrix(const V1Remote& remote) {
  const auto matrix = remote.call("GET", "/v1/matrix");
  if (!matrix) return Fail(matrix.error());
  MatrixModel model = read_matrix(*matrix);
  auto partitions = look_at_partitions(remote);
  if (!partitions) return Fail(partitions.error());
  model.partitions = *std::move(partitions);
  return model;
}

}  // namespace faultline
