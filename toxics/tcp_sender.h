#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "toxics/congestion_control.h"
#include "toxics/queue.h"
#include "toxics/round_trip.h"

namespace faultline {

/// One transmission of a segment.
struct TcpPacket {
  std::uint64_t segment = 0;  ///< From 0, in the order of the stream. A resend has the same.
  std::uint64_t serial = 0;   ///< From 1, in the order of sending. A resend has a new one.
  TimePoint sent_at{};
  std::uint32_t bytes = 0;
  bool is_pushed = false;  ///< Has PSH: its receiver need not wait for more.
};

struct TcpSenderSettings {
  Duration rtt{0};  ///< As the handshake measured it.
  /// The handshake needed a resend, so it measured nothing: the first timeout is 3 s.
  bool handshake_was_retried = false;
  CongestionControl::Algorithm congestion = CongestionControl::Algorithm::kCubic;
  std::size_t receive_window = 0;  ///< Bytes in flight at most.
  Duration clock_phase{0};         ///< How far its timers' clock is into a tick at time 0.
};

/// The sending half of a TCP, as Linux does it: when each segment goes out, and
/// again. It has no bytes, only their number.
///
/// Loss is detected by what was sent later and has arrived (RACK-TLP, RFC
/// 8985), with SACK for every packet, else by a probe of the tail, else by a
/// timeout that doubles. The window falls by proportional rate reduction (RFC
/// 6937). New segments go in bursts of a millisecond's worth (TSO), of which the
/// last has PSH if it is not the only one or the last that was written. Times are
/// arguments; call transmit() until it has nothing after each other call that is
/// not const.
///
///   segments_:   acked | resent | in flight | lost | in flight   (unsent_ bytes)
///                ^ first_                                    ^ next_
class TcpSender {
 public:
  static constexpr std::uint32_t kSegmentBytes = 1448;

  explicit TcpSender(const TcpSenderSettings& settings);

  void write(std::uint64_t bytes) { unsent_ += bytes; }

  /// The next packet that goes out at `now`, if any may.
  std::optional<TcpPacket> transmit(TimePoint now);

  /// An ack has come, the first to tell of `packets`, which is not empty; in the order in which
  /// they arrived.
  void on_ack(std::span<const TcpPacket> packets, TimePoint now);

  /// When on_timer() is to be called, or kNever.
  TimePoint timer() const { return timer_at_; }
  void on_timer(TimePoint now);

  /// Makes it due now if it is set: what was lost need not be waited for.
  void hurry_timer(TimePoint now) {
    if (timer_at_ != kNever) timer_at_ = std::min(timer_at_, now);
  }

  std::uint64_t window() const { return congestion_.window(); }
  std::size_t memory() const;  ///< Bytes of bookkeeping for what is in flight.

 private:
  enum class State { kOpen, kRecovery, kLoss };
  enum class Timer { kNone, kResend, kProbe, kReorder };

  struct Segment {
    std::uint64_t serial;  // Of the last transmission.
    TimePoint sent_at;
    std::uint32_t bytes;
    bool is_pushed = false;
    bool acked = false;
    bool lost = false;  // And not yet resent.
    bool resent = false;
  };

  Segment& segment(std::uint64_t index) { return segments_.begin()[index - first_]; }
  bool is_current(const TcpPacket& packet);
  bool has_room_for_new() const;
  bool may_send_new() const { return in_flight_ < congestion_.window() && has_room_for_new(); }
  std::uint64_t burst_goal() const;
  bool waits_for_burst(TimePoint now) const;

  TcpPacket send_new(TimePoint now);
  TcpPacket resend(std::uint64_t index, TimePoint now);
  TcpPacket record(std::uint64_t index, Segment& sent, TimePoint now);
  std::uint64_t pop_first_lost();
  void note_usage();

  const TcpPacket& timed(std::span<const TcpPacket> packets);
  bool note_arrival(const TcpPacket& packet, TimePoint now);
  std::uint64_t forget_acked();
  void mark_lost(std::uint64_t index);
  TimePoint find_losses(TimePoint now);
  void enter_recovery();
  void finish_episode();
  void note_probe_acked(bool was_duplicate);
  void reduce_window(std::uint64_t delivered, bool advanced, bool found_losses);
  void undo_timeout();
  bool is_window_limited() const;
  void watch_start(Duration rtt, TimePoint now);

  void on_timeout(TimePoint now);
  Duration timeout() const;
  void set_timer(Timer kind, TimePoint now, Duration wait);
  void set_probe_or_timeout(TimePoint now, TimePoint times_out_at);

  const std::size_t receive_window_;
  RoundTrip round_trip_;
  CongestionControl congestion_;

  std::uint64_t unsent_ = 0;
  Queue<Segment> segments_;
  std::uint64_t first_ = 0;               // The segment at the front of segments_.
  std::uint64_t next_ = 0;                // The next new one.
  Queue<TcpPacket> unjudged_;             // In the order of sending; some are out of date.
  std::vector<std::uint64_t> lost_heap_;  // Smallest first; some were acked since.
  std::uint64_t flight_bytes_ = 0;        // Of segments_.
  std::uint64_t in_flight_ = 0;           // Neither acked nor lost.
  std::uint64_t lost_ = 0;
  std::uint64_t sacked_ = 0;  // Acked, with a hole before them.
  std::uint64_t last_serial_ = 0;
  TimePoint last_sent_{};
  std::uint64_t burst_ = 0;  // New segments of the burst that is being sent.

  State state_ = State::kOpen;
  std::uint64_t episode_end_ = 0;  // Recovery or loss ends when all before this are acked.
  std::uint64_t window_before_ = 0;
  std::uint64_t threshold_before_ = 0;
  std::uint64_t delivered_in_episode_ = 0;
  std::uint64_t sent_in_episode_ = 0;
  bool lost_a_resend_ = false;
  bool timeout_in_doubt_ = false;  // Nothing has been heard since it.
  std::uint64_t serial_at_timeout_ = 0;
  unsigned backoff_ = 0;

  std::uint64_t newest_acked_ = 0;  // The serial of the last sent that arrived...
  Duration newest_rtt_{0};          // ...and how long its ack took.

  bool probe_due_ = false;
  std::uint64_t probe_end_ = 0;  // A probe is out; next_ after it. 0: none is.
  bool probe_was_resend_ = false;

  bool sent_since_usage_ = false;
  bool limited_ = false;  // By the window, lately.
  std::uint64_t most_out_ = 0;
  std::uint64_t usage_until_ = 0;

  std::uint64_t round_end_ = 0;  // HyStart: of the round of slow start that is watched.
  unsigned round_samples_ = 0;
  Duration round_rtt_{0};
  TimePoint round_start_{};
  TimePoint train_end_{};  // The last of its acks that came in a row.

  Timer timer_kind_ = Timer::kNone;
  TimePoint timer_at_ = kNever;
};

}  // namespace faultline
