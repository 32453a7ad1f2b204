#pragma once

#include <string>
#include <vector>

#include "proxy/registry.h"

namespace faultline {

/// What a toxic does, for whom and when, as a sentence: "Answers from the server
/// come 200 ms (± 20 ms) late, for 30 % of connections, for clients of 10.0.0.0/8."
std::string explanation(const ToxicSpec& toxic);

/// What a proxy does, as a paragraph of lines: itself, and each of its toxics by name.
std::string explanation(const ProxySpec& proxy);

/// What a partition does, as a paragraph of one line, and until when.
std::string explanation(const PartitionSpec& partition);

/// What a configuration would do: its zones, its proxies with an empty line between them, and its
/// partitions.
std::string explanation(const Configured& configured);

}  // namespace faultline
