#include "bench/option_parser.h"

#include <algorithm>
#include <utility>

namespace faultline::bench {

Result<void> take_arguments(CLI::App& app, std::vector<std::string> arguments, std::string& help) {
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 takes them.
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    help = app.help();
  } catch (const CLI::Error& error) {
    return fail(ErrorKind::kInvalid, std::string(error.what()) + "; see --help");
  }
  return {};
}

}  // namespace faultline::bench
