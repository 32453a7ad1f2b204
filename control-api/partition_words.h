#pragma once

#include <string>

#include "proxy/partition.h"

namespace faultline {

/// Partitions in words, of the API and of the command line alike. Names are as they are.

/// What is done to whom, as a command: "cut zone b from everything else", "cut the way from zone
/// a to zones b and c", "slow the way between zone a and zone b".
std::string deed_in_words(const PartitionSpec& partition);

/// The same when it is done: "cut zone b from everything else", "slowed the way ...".
std::string done_in_words(const PartitionSpec& partition);

/// The same as a state, "zone b is cut from everything else", and what that means to those who
/// are in it: ": packets vanish, and nobody is told".
std::string state_in_words(const PartitionSpec& partition);

/// For which connections and when, clauses for the end of a sentence, each behind a comma:
/// ", for 30% of the connections, by turns 5s on and 20s off". Empty if it is for all.
std::string limits_in_words(const PartitionSpec& partition);

}  // namespace faultline
