#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/v1_remote.h"

namespace faultline {

/// What flows from one zone to another.
struct MatrixCell {
  std::string state;        ///< "ok", "suffers", "partial", "cut".
  std::uint64_t open = 0;   ///< Live connections that were dialled this way.
  std::uint64_t bytes = 0;  ///< Sent this way, whoever dialled.
  bool has_flowed = false;  ///< Anything, ever.

  bool operator==(const MatrixCell&) const = default;
};

struct MatrixPartition {
  std::string name;
  std::string state;  ///< "zone b is cut from everything else: packets vanish, ...".
  std::string left;   ///< "9m42s"; "" if it does not end by itself.
  std::uint64_t matched = 0;
  std::optional<std::uint64_t>
      crossed{};  ///< None where something may: it suffers, or is a shadow.

  /// "9m42s left", "no end by itself", and "matched 2,400, crossed 0".
  std::string left_in_words() const;
  std::string counts_in_words() const;

  bool operator==(const MatrixPartition&) const = default;
};

/// What `matrix` shows. Names are printable.
struct MatrixModel {
  std::vector<std::string> zones;  ///< In order; "none" the last, if anything flowed there.
  /// By row, from a zone to each: as many as zones, of as many.
  std::vector<std::vector<MatrixCell>> cells;
  std::vector<MatrixPartition> partitions;

  /// Whether a partition of that name is in force.
  bool has_partition(const std::string& name) const;
};

/// Of the answer of /v1/matrix, without partitions. May throw Json's exceptions.
MatrixModel read_matrix(const nlohmann::ordered_json& answer);

/// The partitions of a server, by name. Errors: those of V1Remote::call().
Result<std::vector<MatrixPartition>> look_at_partitions(const V1Remote& remote);

/// All of it, as a server has it now. Errors: those of V1Remote::call().
Result<MatrixModel> look_at_matrix(const V1Remote& remote);

}  // namespace faultline
