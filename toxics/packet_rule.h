#pragma once

#include <cstddef>
#include <vector>

#include "base/ip_prefix.h"

namespace faultline {

/// Which of the segments that arrive at a socket are to be dropped before TCP
/// sees them, as if the network had lost them: their sender gets no ACK, and
/// sends them again. Nothing is said of what the socket itself sends.
///
/// A rule drops a segment if it comes from one of `sources`, and from none of
/// `spared`, and any of the others says so. A segment is what the kernel hands over as one: over
/// loopback up to 64 KiB, from a network card several packets of one stream
/// that it has put together.
struct PacketRule {
  bool drop_all = false;
  double loss = 0;                     ///< The share to drop, each by chance; exact at 0 and at 1.
  std::size_t longer_than = 0;         ///< Drops longer IP packets, headers counted in; 0: none.
  std::vector<IpPrefix> sources = {};  ///< Empty: from anybody,
  std::vector<IpPrefix> spared = {};   ///< but these.

  /// The rule drops nothing.
  bool is_empty() const { return !drop_all && !(loss > 0) && longer_than == 0; }
  bool operator==(const PacketRule&) const = default;
};

/// What is to happen at one socket: a segment is dropped if any rule drops it.
using PacketRules = std::vector<PacketRule>;

/// Whether no rule drops anything.
bool are_empty(const PacketRules& rules);

/// Whether a rule drops everything, whoever sent it.
bool drops_all(const PacketRules& rules);

}  // namespace faultline
