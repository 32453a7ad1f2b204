#pragma once

#include <string>

namespace faultline::test {

/// A network of its own, with a loopback and nothing else, for this thread and
/// the programs and threads that it starts while this lives. Needs root.
class OwnNetwork {
 public:
  OwnNetwork();   ///< Throws std::runtime_error if it cannot be had.
  ~OwnNetwork();  ///< Back to the network that there was.
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  /// Runs one of `nft`, `ip` and the like; throws what it says if it fails.
  static void run(const std::string& command);

 private:
  int before_ = -1;
};

}  // namespace faultline::test
