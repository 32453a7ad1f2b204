#include "cli/go_flags.h"

#include <algorithm>
#include <array>
#include <optional>

namespace faultline {

namespace {

/// What Go's strconv.ParseBool takes.
std::optional<bool> parse_go_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace

Result<void> parse_go_flags(const std::vector<std::string>& arguments,
                            const std::vector<GoFlag>& flags) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument.front() != '-' || argument == "--") return {};
    const std::string_view body = std::string_view(argument).substr(argument[1] == '-' ? 2 : 1);
    const std::size_t equals = body.find('=');
    const std::string_view name = body.substr(0, equals);
    if (name.empty() || name.front() == '-') {
      return fail(ErrorKind::kInvalid, "bad flag syntax: " + argument);
    }
    const auto flag = std::find_if(flags.begin(), flags.end(),
                                   [&](const GoFlag& known) { return known.name == name; });
    if (flag == flags.end()) {
      if (name == "h" || name == "help") {
        return fail(ErrorKind::kInvalid, std::string(kGoHelpRequested));
      }
      return fail(ErrorKind::kInvalid, "flag provided but not defined: -" + std::string(name));
    }
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = body.substr(equals + 1);
    if (bool* const* truth = std::get_if<bool*>(&flag->target)) {
      const auto parsed = value ? parse_go_bool(*value) : true;
      if (!parsed) {
        return fail(ErrorKind::kInvalid,
                    "invalid boolean value \"" + *value + "\" for -" + flag->name);
      }
      **truth = *parsed;
      continue;
    }
    if (!value) {
      if (++i == arguments.size()) {
        return fail(ErrorKind::kInvalid, "flag needs an argument: -" + flag->name);
      }
      value = arguments[i];
    }
    *std::get<std::string*>(flag->target) = *value;
  }
  return {};
}

std::string go_usage(std::string_view program, const std::vector<GoFlag>& flags) {
  std::string text = "Usage of " + std::string(program) + ":\n";
  for (const GoFlag& flag : flags) {
    const bool is_bool = std::holds_alternative<bool*>(flag.target);
    text += "  -" + flag.name + (is_bool ? "" : " string") + "\n    \t" + flag.usage + "\n";
  }
  return text;
}

}  // namespace faultline
