#pragma once

#include "proxy/spec.h"

namespace faultline {

/// Says when a life ends that has a time to live and has not begun it: from now.
void start_life(ToxicLife& life);

}  // namespace faultline
