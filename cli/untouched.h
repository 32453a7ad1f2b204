#pragma once

#include <string>

#include "cli/v1_remote.h"

namespace faultline {

/// What to say about a toxic that is about to be removed and has done nothing: a drill with it
/// has proved nothing. "" if it has done something, or the server cannot say (Toxiproxy).
std::string untouched_warning(const V1Remote& remote, const std::string& proxy,
                              const std::string& toxic);

}  // namespace faultline
