#pragma once

#include <vector>

#include "toxics/catalog.h"

namespace faultline {

/// The parts of the catalogue, each in the order people should read it.
std::vector<ToxicType> toxiproxy_types();  ///< What Toxiproxy has too.
std::vector<ToxicType> outage_types();     ///< The kinds of down.
std::vector<ToxicType> network_types();    ///< Bad paths: loss, long ways.
std::vector<ToxicType> byte_types();       ///< Damage beyond what TCP repairs.

}  // namespace faultline
