#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace faultline::test {

/// What a socket's packet filter gets to see of a segment.
struct BpfPacket {
  std::string bytes;           ///< From the IP header on.
  std::size_t tcp_offset = 0;  ///< Where the TCP header starts: what the filter counts from.
};

/// Runs a classic BPF program as the kernel would, and returns what it returns:
/// how many bytes are kept, 0 to drop the segment. `random` gives what
/// SKF_AD_RANDOM loads.
///
/// Written from the kernel's Documentation/networking/filter.rst. It knows what
/// packet programs use, and of the negative offsets SKF_NET_OFF and
/// SKF_AD_RANDOM. A load from outside the packet ends the program with 0. Throws
/// std::runtime_error for an instruction it does not know, and for what the
/// kernel refuses to attach: a jump out of the program, a last instruction that
/// does not return, more than BPF_MAXINSNS.
std::uint32_t run_bpf(const std::vector<sock_filter>& program, const BpfPacket& packet,
                      const std::function<std::uint32_t()>& random);

}  // namespace faultline::test
