#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace faultline {

/// One flag of a program written in Go, and where its value goes.
struct GoFlag {
  std::string name;
  std::variant<std::string*, bool*> target;
  std::string usage;  ///< One clause for people.
};

/// Reads `arguments` as Go's flag package does: -x v, -x=v, --x=v; a boolean
/// is set by -x alone and takes a value only as -x=true; the first argument
/// that is no flag, or "--", ends them. Errors: kInvalid, in Go's words;
/// "help requested" for -h, -help and their like unless they are flags.
Result<void> parse_go_flags(const std::vector<std::string>& arguments,
                            const std::vector<GoFlag>& flags);

inline constexpr std::string_view kGoHelpRequested = "help requested";

/// The usage text, as Go prints it.
std::string go_usage(std::string_view program, const std::vector<GoFlag>& flags);

}  // namespace faultline
