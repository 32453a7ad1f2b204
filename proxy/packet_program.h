#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "toxics/packet_rule.h"

namespace faultline {

/// Packet rules as the kernel runs them: a classic BPF program for a TCP socket
/// (the kernel's Documentation/networking/filter.rst).
///
/// The kernel runs it on each segment before TCP has looked at it, and drops
/// the segment if the program answers 0 (tcp_filter() in tcp_v4_rcv() and
/// tcp_v6_rcv()). On a listening socket that is the SYN and the ACK that
/// completes the handshake. What the program sees starts at the TCP header; the
/// IP header is reached by SKF_NET_OFF. A client that an IPv6 listener sees as
/// ::ffff:10.1.2.3 comes in IPv4 packets: the IP version of each is looked at.
class PacketProgram {
 public:
  /// The empty program: lets everything pass, and needs not be attached.
  PacketProgram() = default;

  /// The program for `rules`; empty if they drop nothing. Error (kInvalid): it
  /// would be longer than the kernel allows (BPF_MAXINSNS, 4096 instructions).
  /// At least 400 prefixes of any kind fit; 1,000 of IPv4, 800 of IPv6 up to /64.
  static Result<PacketProgram> build(const PacketRules& rules);

  bool is_empty() const { return instructions_.empty(); }
  const std::vector<sock_filter>& instructions() const { return instructions_; }

 private:
  std::vector<sock_filter> instructions_;
};

}  // namespace faultline
