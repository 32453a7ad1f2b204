#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/command_tree.h"
#include "cli/partition_request.h"
#include "cli/v1_remote.h"

namespace faultline {

/// What `zone` and `partition` do alike; each returns the exit code.

/// How a partition is spoken of: by its name, or as the cut of a zone.
struct PartitionSubject {
  std::string partition;
  std::string zone{};  ///< "" is by its name.

  std::string text() const { return zone.empty() ? "partition " + partition : "zone " + zone; }
  /// The command that ends it.
  std::string how_to_heal() const;
};

/// Makes `body` a partition, and says what it did, when it heals by itself, and how to heal it
/// now. With --verify also what those see who dial: where one gets through that is all, and 1.
/// With --dry-run it only says what would be, with --watch it shows the matrix until the partition
/// has ended, then the proof.
int make_partition(const Invocation& invocation, const V1Remote& remote,
                   const PartitionSubject& subject, const PartitionArguments& arguments,
                   const nlohmann::ordered_json& body);

/// Ends it, and tells what it proves: 0, the cut held; 1, it leaked, or there is none; 5, nothing
/// matched, or the server does not say what it did to its end. One that has ended before is told
/// of by what it had come to. With `verify` it waits for what comes back.
int heal_partition(const Invocation& invocation, const V1Remote& remote,
                   const PartitionSubject& subject, bool dry_run, bool verify);

/// "heals by itself in 10m", "stays until it is healed": of a description of /v1 that has `left`
/// to go; "" or "none" is for ever.
std::string end_in_words(const nlohmann::ordered_json& view, const std::string& left);

}  // namespace faultline
