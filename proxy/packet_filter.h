#pragma once

#include "base/result.h"
#include "proxy/packet_program.h"

namespace faultline {

/// Makes the kernel run `program` on every segment that arrives at the TCP
/// socket `fd`, listening or connected, in place of the program it ran before.
/// There is no moment with neither: the kernel swaps a pointer, and a segment
/// meets the old program or the new one (__sk_attach_prog(), socket(7)). The
/// empty program is none. Other kinds of socket take a program and ignore it.
///
/// A connection inherits the program that its listener had when the handshake
/// was completed (sk_clone_lock()), which may be long before it is accepted, and
/// is not touched by later changes of the listener's. So set what an accepted
/// socket is to have, and what it is not to have.
///
/// Costs some 90 us, most of it for making machine code of the program. One that
/// drops everything is loaded once and shared by all sockets, where the kernel
/// lets us (bpf(2), BPF_PROG_LOAD): some 2 us.
///
/// Error (kNetwork): the kernel refuses; some do without CAP_NET_ADMIN. What was
/// attached before still is.
Result<void> attach_packet_filter(int fd, const PacketProgram& program);

/// The same, but after an error nothing is attached: a fault that is over must
/// not stay because another cannot take its place. Where both take more memory
/// than the socket may have there is a moment with neither.
Result<void> replace_packet_filter(int fd, const PacketProgram& program);

/// Whether the kernel would take `program`: tries it on a socket of its own.
/// Errors as for attach_packet_filter().
Result<void> try_packet_filter(const PacketProgram& program);

/// Lets every segment pass again. No program is fine.
///
/// What was dropped meanwhile is lost, and comes back when the peer next sends
/// it again: its retransmission time-out, which has doubled each time.
void detach_packet_filter(int fd);

/// Whether packet filters can be had here: attaches one to a listening socket
/// on loopback, and sees whether it keeps a client out and then lets one in.
/// The error (kNetwork) says why not: "the kernel refuses packet filters:
/// operation not permitted". Blocks for some 20 ms, for start-up.
Result<void> probe_packet_filters();

}  // namespace faultline
