#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "toxics/queue.h"
#include "toxics/tcp_sender.h"

namespace faultline {

/// The receiving half of a TCP, as Linux does it: which bytes are in order, and
/// when they are acknowledged. Its program reads at once.
///
/// Out of order, or where that ends, every segment is acknowledged (Linux may put
/// these off for a millisecond). Else the first ones are, one by one (quick acks), later every
/// second (RFC 1122, section 4.2.3.2). A few acks are for more, by chance: Linux puts one off while
/// its program has the socket (net.ipv4.tcp_backlog_ack_defer). A single segment that nothing
/// follows is acknowledged once it has been read if it has PSH, else after 40 ms.
class TcpReceiver {
 public:
  /// `rtt` tells how long a silence has to be for quick acks to begin again.
  TcpReceiver(Duration rtt, std::uint64_t key);

  /// How many bytes are in order now that were not. An ack of it is owed, and
  /// due at ack_due().
  std::uint64_t receive(const TcpPacket& packet, TimePoint now);

  /// Not later than the last `now`: at once. kNever: none is owed.
  TimePoint ack_due() const { return ack_due_; }

  /// The ack of all that was received has been sent.
  void on_ack_sent();

  std::size_t memory() const { return out_of_order_.size() * sizeof(std::uint32_t); }

 private:
  std::uint64_t put_in_order(const TcpPacket& packet);
  unsigned draw_cover();

  const Duration long_silence_;
  Random random_;
  std::uint64_t expected_ = 0;         // The segment that is needed next...
  Queue<std::uint32_t> out_of_order_;  // ...and the sizes from it on; 0: missing.
  unsigned quick_acks_;                // So many more.
  unsigned cover_;                     // The next ack is for so many segments...
  unsigned owed_ = 0;                  // ...and so many have come.
  TimePoint ack_due_ = kNever;
  TimePoint last_arrival_ = kNever;
};

}  // namespace faultline
