#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_tree.h"
#include "cli/v1_remote.h"
#include "proxy/partition.h"

namespace faultline {

/// What a partition has done, by its counts, and whether that proves anything.
struct CutProof {
  enum class Verdict {
    kHeld,          ///< Something matched, and nothing crossed.
    kLeaked,        ///< Something crossed: it has failed.
    kInconclusive,  ///< Nothing matched.
  };

  Verdict verdict = Verdict::kHeld;
  std::string counts;    ///< "matched 2,412, cut 2,400, refused 12, crossed 0".
  std::string sentence;  ///< "the cut held, nothing crossed it".
};

/// Of `effect` of /v1, of a partition of that mode.
CutProof proof_of(const nlohmann::ordered_json& effect, const PartitionSpec& partition);

/// 0, 1 or 5.
int exit_code_of(CutProof::Verdict verdict);

/// A partition that has ended, as the events of the server have it.
struct EndedPartition {
  nlohmann::ordered_json view;    ///< As it was described.
  nlohmann::ordered_json effect;  ///< Its final counts.
  std::string time;               ///< When it ended, RFC 3339,
  std::string cause;              ///< and by what: "v1", "ttl", "halt".
};

/// The last to have ended of that name. Errors: kNotFound, none has, or the server has forgotten;
/// what V1Remote::call() has.
Result<EndedPartition> last_ended(const V1Remote& remote, const std::string& partition);

/// The names of partitions that have ended, as far as the server remembers.
std::vector<std::string> ended_partitions(const V1Remote& remote);

/// "/v1/partitions/b-cut".
std::string v1_partition_path(const std::string& partition);

/// The last line of a partition that has ended, and the exit code that it comes to. What is bad
/// goes to stderr.
int tell_proof(const Invocation& invocation, const nlohmann::ordered_json& effect,
               const PartitionSpec& partition);

}  // namespace faultline
