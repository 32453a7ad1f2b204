#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/truth/measurement.h"
#include "bench/truth/through_faultline.h"

namespace faultline::bench::truth {

/// What is measured.
enum class Sides { kBoth, kTruth, kFaultline };

enum class Scale { kSmoke, kQuick, kFull };

/// What the user asks for.
struct Options {
  std::string help;  ///< What is to be printed instead of all else; "": nothing.
  Scale scale = Scale::kFull;
  Sides sides = Sides::kBoth;
  std::vector<Cell> only;  ///< Instead of the grid; empty is the grid.
  LinkKind kind;
  std::string congestion = "cubic";
  std::uint64_t seed = 1;
  Fault fault = Fault::kPath;
  std::string faultline_binary;  ///< "": beside this program.
  std::string json_path;         ///< "": none.
};

/// Errors: kInvalid, one line for people.
Result<Options> parse_options(const std::vector<std::string>& arguments);

/// What both sides are to do.
Task task_of(const Options& options);

}  // namespace faultline::bench::truth
