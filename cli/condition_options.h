#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/conditions.h"

namespace faultline {

/// The options that say when a toxic is in force and for whom, as they were written.
struct ConditionOptions {
  std::vector<std::string> clients;
  std::vector<std::string> not_clients;
  std::vector<std::string> destinations;
  std::string share;
  std::string share_by;
  std::string after_connections;
  std::string first;
  std::string every;
  std::string pulse;
  std::string poisson;
  std::string after;
  std::string until;
  std::string ramp;
  std::string affects;
  std::string on_remove;
  bool shadow = false;
  std::string max_connections;
  std::string max_share;
  std::string max_bytes_delayed;
};

/// --client, --not-client, --destination, --share, --share-by, --after-connections, --first,
/// --every, --pulse, --poisson, --after,
/// --until, --ramp, --affects, --on-remove, --shadow, --max-connections, --max-share and
/// --max-bytes-delayed. `options` outlives the command.
void add_condition_options(CLI::App& command, ConditionOptions& options);

/// Only --affects, --on-remove and --shadow, which can be changed.
void add_reach_options(CLI::App& command, ConditionOptions& options);

/// What they say. Whether the values are right is for check_toxic() to see.
/// Errors: kInvalid, "--pulse: ...".
Result<ToxicConditions> conditions_of(const ConditionOptions& options);

}  // namespace faultline
