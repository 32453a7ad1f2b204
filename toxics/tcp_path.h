#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "toxics/bottleneck.h"
#include "toxics/loss_process.h"
#include "toxics/queue.h"
#include "toxics/tcp_receiver.h"
#include "toxics/tcp_sender.h"

namespace faultline {

/// A long way for one direction of a TCP connection. Any values are safe.
struct TcpPathSettings {
  Duration rtt{0};                     ///< Cut to an hour.
  std::uint64_t bytes_per_second = 0;  ///< Of the bottleneck, headers included; 0: unlimited.
  std::size_t queue_bytes = 0;         ///< In front of it; 0: one RTT's worth, at least 64 KB.
  LossSettings loss{};                 ///< Of the data.
  LossSettings ack_loss{};             ///< Of the acks, which go the other way.
  CongestionControl::Algorithm congestion = CongestionControl::Algorithm::kCubic;
  std::size_t receive_window = std::size_t{6} << 20U;  ///< From one segment to 1 GiB.
  /// False: a byte that nothing holds up arrives when it is sent, and only its
  /// ack takes the RTT. For a path whose delay is simulated elsewhere, or real.
  bool adds_delay = true;
  /// The handshake needed a resend: the sender starts with a timeout of 3 s.
  bool handshake_was_retried = false;
};

/// Simulates a TCP connection's bytes on such a way: the sender (TcpSender),
/// the path, and the receiver (TcpReceiver).
///
///   send() -> sender -> bottleneck -> loss -> rtt/2 -> receiver -> take_delivery()
///                ^-------- loss <- rtt/2 <- acks ---------'
///
/// What is lost has used the bottleneck. Lost is one packet, never a byte: what comes out is what
/// went in, in order, each byte once. Chance depends on `key` and on the times and sizes sent, not
/// on how often advance() is called. Memory is for what is in flight: some 150
/// bytes a segment. Nothing happens on an idle path.
class TcpPath {
 public:
  TcpPath(const TcpPathSettings& settings, std::uint64_t key);

  /// So many more bytes are written to the sender's socket. REQUIRES: `at` is
  /// not before that of any earlier call. What leaves at once is not delivered
  /// before the next advance(), even on a path that adds no delay.
  void send(std::uint64_t bytes, TimePoint at);

  /// From `now` on the way is another; the connection goes on. What is on it
  /// arrives when it would have if it had been so all along, and not before `now`;
  /// what waits at the bottleneck leaves at the new rate. What was lost is sent
  /// again when the sender finds out, or at once if nothing is lost any more. Of
  /// the sender's own settings (`congestion`, `receive_window`,
  /// `handshake_was_retried`) none is looked at.
  void change(const TcpPathSettings& settings, TimePoint now);

  /// Plays all that happens up to `now`, each event at its own time.
  void advance(TimePoint now);

  /// When the next of them is, or kNever.
  TimePoint next_event() const;

  struct Delivery {
    std::uint64_t bytes;
    TimePoint at;
  };
  /// The next bytes in order that have been delivered, and when. Those of one time come at once.
  std::optional<Delivery> take_delivery();

  std::size_t memory() const;  ///< Bytes of bookkeeping.

 private:
  struct OnTheWay {
    TcpPacket packet;
    TimePoint arrives;
  };

  struct Ack {
    std::size_t packets;  // So many are new to the sender. Those of a lost ack are in the next.
    TimePoint arrives;
  };

  bool is_lossless() const { return loss_.is_lossless() && ack_loss_.is_lossless(); }
  TimePoint next_step() const;
  TimePoint next_arrival_or_timer() const;
  void transmit();
  void receive(const TcpPacket& packet);
  void acknowledge();
  void hear(std::size_t packets);
  void deliver(std::uint64_t bytes);

  Duration forth_;
  Duration back_;
  LossProcess loss_;
  LossProcess ack_loss_;
  Bottleneck bottleneck_;
  TcpSender sender_;
  Queue<OnTheWay> data_;
  TcpReceiver receiver_;
  Queue<TcpPacket> arrived_;  // The sender has not heard of them...
  Queue<Ack> acks_;           // ...but will by these, of all of them but...
  std::size_t unheard_ = 0;   // ...so many at the end.
  Queue<Delivery> deliveries_;
  TimePoint clock_{};
};

}  // namespace faultline
