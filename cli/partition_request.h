#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline {

/// What the commands that make a partition are given, as it was written.
struct PartitionArguments {
  std::string name{};   ///< Of the partition,
  std::string zone{};   ///< or of the zone that `zone cut` cuts.
  std::string shape{};  ///< With `zones`; or
  std::string zones{};  ///< lists with commas: "a,b".
  std::string from{};
  std::string to{};
  std::string direction{};
  std::string one_way{};  ///< "in" or "out", of `zone cut`.
  std::string mode{};
  std::string latency{};
  std::string jitter{};
  std::string loss{};
  std::vector<std::string> attributes{};  ///< "latency=200ms".
  std::string connections{};
  std::string scope{};
  std::string heal{};
  std::string flap{};  ///< "5s/20s".
  std::string ttl{};
  std::string lease{};
  std::string owner{};
  std::string reason{};
  bool shadow = false;
  bool verify = false;
  bool replace = false;
  bool dry_run = false;
};

/// What happens between the zones, to whom and how long: all but which zones. `arguments`
/// outlives the command.
void add_partition_options(CLI::App& command, PartitionArguments& arguments);

/// The partition that `zone cut ZONE` makes, as /v1 takes it, checked as far as that can be
/// without knowing the zones. Errors: kInvalid, in the words of the command line.
Result<nlohmann::ordered_json> cut_request(const PartitionArguments& arguments);

/// The same of `partition create NAME`.
Result<nlohmann::ordered_json> partition_request(const PartitionArguments& arguments);

/// "b-cut": what `zone cut b` makes and `zone heal b` ends.
std::string cut_name(const std::string& zone);

/// `error` of /v1 about a partition, where its pointer names what an option says: told of that
/// option. "ttl must be at most 2h" is "--ttl must be at most 2h".
Error in_partition_options(Error error);

}  // namespace faultline
