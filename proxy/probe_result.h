#pragma once

#include <string>

#include "base/time.h"
#include "proxy/client_probe.h"

namespace faultline {

/// What a client of one zone saw that dialled another, while a partition was to keep them apart.
struct ProbeResult {
  std::string client;       ///< Its zone,
  std::string destination;  ///< and that of whom it dials.
  std::string proxy{};      ///< Through which; "" if through none.
  std::string from{};       ///< The address that it came from; with a PROXY header that in it.
  ProbeOutcome outcome = ProbeOutcome::kPending;
  Duration after{0};  ///< Until it saw that.
  std::string why{};  ///< Nobody has dialled: the reason.
};

}  // namespace faultline
