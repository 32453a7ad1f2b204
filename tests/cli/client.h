#pragma once

#include <string>

#include "tests/cli/running_server.h"

namespace faultline::test {

/// What a command did.
struct Outcome {
  int status;
  std::string out;
  std::string err;
};

/// Runs a command line, words between blanks, in this process.
Outcome run(const std::string& line, bool terminal = false);

/// A command line for one server.
class Client {
 public:
  explicit Client(const std::string& address) : host_(" -h " + address) {}
  explicit Client(const RunningServer& server) : Client(server.api_address()) {}

  Outcome operator()(const std::string& line, bool terminal = false) const;
  /// What a command that succeeds prints.
  std::string says(const std::string& line) const;
  /// The exit code and the error of a command that fails.
  std::string fails(const std::string& line) const;

 private:
  std::string host_;
};

}  // namespace faultline::test
