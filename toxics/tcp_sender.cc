#include "toxics/tcp_sender.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestTimeout = 120s;
constexpr unsigned kMostBackoff = 10;
constexpr Duration kTimerMargin = 2ms;  // Linux's TCP_TIMEOUT_MIN_US.
constexpr std::uint64_t kEnoughDuplicates = 3;

// Bursts of new segments (TSO).
constexpr std::uint64_t kLeastBurst = 2;              // net.ipv4.tcp_min_tso_segs
constexpr std::uint64_t kMostBurstBytes = 65'536;     // Of what Linux hands to a device at once.
constexpr Duration kBurstTime = Duration(1s) / 1024;  // sk_pacing_shift
constexpr Duration kNearBy = 512us;                   // net.ipv4.tcp_tso_rtt_log
constexpr std::uint64_t kNearest = 32;

// HyStart, by delay (RFC 9406 without its second phase) and by the length of a train of acks
// (Ha and Rhee, "Taming the elephants", 2011), as in Linux.
constexpr std::uint64_t kWatchFromWindow = 16;
constexpr unsigned kRoundSamples = 8;
constexpr Duration kTrainGap = 2ms;  // As long at most, from one ack of a train to the next.
constexpr Duration kTrainMargin = 1ms;

std::uint64_t count(Duration time) {
  return static_cast<std::uint64_t>(time.count());
}

}  // namespace

TcpSender::TcpSender(const TcpSenderSettings& settings)
    : receive_window_(std::max<std::size_t>(settings.receive_window, kSegmentBytes)),
      round_trip_(settings.handshake_was_retried ? Duration(-1) : settings.rtt,
                  settings.clock_phase),
      congestion_(settings.congestion, receive_window_ / kSegmentBytes + 1) {}

// --- Sending

std::optional<TcpPacket> TcpSender::transmit(TimePoint now) {
  if (std::exchange(probe_due_, false)) {
    probe_was_resend_ = !has_room_for_new();
    const TcpPacket probe = probe_was_resend_ ? resend(next_ - 1, now) : send_new(now);
    probe_end_ = next_;
    set_timer(Timer::kResend, now, timeout());
    return probe;
  }
  if (lost_ > 0 && in_flight_ < congestion_.window()) return resend(pop_first_lost(), now);
  if (may_send_new() && !waits_for_burst(now)) return send_new(now);
  note_usage();
  return std::nullopt;
}

/// How many segments a burst is: what goes out in a millisecond if the window is spread over a
/// round trip, growth included (tcp_tso_autosize(), tcp_update_pacing_rate()).
std::uint64_t TcpSender::burst_goal() const {
  const std::uint64_t window = std::max(congestion_.window(), next_ - first_);
  const bool doubles = congestion_.window() < congestion_.threshold() / 2;
  std::uint64_t bytes = kMostBurstBytes;
  if (round_trip_.is_known()) {
    const std::uint64_t rtt = count(std::max<Duration>(round_trip_.smoothed(), 1us));
    bytes = window * kSegmentBytes * (doubles ? 20 : 12) / 10 * count(kBurstTime) / rtt;
    const std::uint64_t nearness = count(round_trip_.least()) / count(kNearBy);
    if (nearness < kNearest) bytes += kMostBurstBytes >> nearness;
  }
  const std::uint64_t segments = std::min(bytes, kMostBurstBytes) / kSegmentBytes;
  const std::uint64_t half = std::max<std::uint64_t>(congestion_.window() / 2, 1);
  return std::min(std::max(segments, kLeastBurst), half);
}

/// Less than a burst waits for the next ack, if that is to come soon (tcp_tso_should_defer()).
bool TcpSender::waits_for_burst(TimePoint now) const {
  if (burst_ > 0 || state_ != State::kOpen || segments_.empty()) return false;
  const std::uint64_t room = congestion_.window() - in_flight_;
  const bool is_little = room < burst_goal() && 3 * room < congestion_.window();
  return is_little && unsent_ > kSegmentBytes && now - last_sent_ <= 1ms &&
         round_trip_.is_known() && now - segments_.front().sent_at >= round_trip_.smoothed() / 2;
}

bool TcpSender::has_room_for_new() const {
  const std::uint64_t bytes = std::min<std::uint64_t>(unsent_, kSegmentBytes);
  return bytes > 0 && flight_bytes_ + bytes <= receive_window_;
}

TcpPacket TcpSender::send_new(TimePoint now) {
  const bool was_idle = segments_.empty();
  if (was_idle && last_serial_ > 0 && now - last_sent_ > timeout()) {
    congestion_.rest(now - last_sent_, timeout());
  }
  const auto bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(unsent_, kSegmentBytes));
  unsent_ -= bytes;
  flight_bytes_ += bytes;
  ++in_flight_;
  segments_.push_back({.serial = 0, .sent_at = now, .bytes = bytes});
  const std::uint64_t index = next_++;
  const bool ends = ++burst_ >= burst_goal() || !may_send_new();
  segment(index).is_pushed = unsent_ == 0 || (ends && burst_ > 1);
  if (ends) burst_ = 0;
  const TcpPacket packet = record(index, segment(index), now);
  if (was_idle || (state_ == State::kOpen && timer_kind_ != Timer::kReorder)) {
    set_probe_or_timeout(now, segments_.front().sent_at + timeout());
  }
  return packet;
}

TcpPacket TcpSender::resend(std::uint64_t index, TimePoint now) {
  Segment& again = segment(index);
  again.resent = true;
  if (std::exchange(again.lost, false)) {
    --lost_;
    ++in_flight_;
  }
  if (index == first_) set_timer(Timer::kResend, now, timeout());
  return record(index, again, now);
}

TcpPacket TcpSender::record(std::uint64_t index, Segment& sent, TimePoint now) {
  sent.serial = ++last_serial_;
  sent.sent_at = last_sent_ = now;
  sent_since_usage_ = true;
  ++sent_in_episode_;
  const TcpPacket packet{index, sent.serial, now, sent.bytes, sent.is_pushed};
  unjudged_.push_back(packet);
  return packet;
}

/// REQUIRES: lost_ > 0.
std::uint64_t TcpSender::pop_first_lost() {
  for (;;) {
    VERIFY(!lost_heap_.empty());
    std::pop_heap(lost_heap_.begin(), lost_heap_.end(), std::greater<>());
    const std::uint64_t index = lost_heap_.back();
    lost_heap_.pop_back();
    if (index >= first_ && segment(index).lost) return index;
  }
}

/// Whether the window is what limits the sender; one that does not use it does not grow it.
void TcpSender::note_usage() {
  const std::uint64_t window = congestion_.window();
  const bool limited =
      in_flight_ >= window || (may_send_new() && unsent_ >= (window - in_flight_) * kSegmentBytes);
  if (!std::exchange(sent_since_usage_, false) && !limited) return;
  const std::uint64_t out = segments_.size();
  if (first_ >= usage_until_ || limited || (!limited_ && out > most_out_)) {
    limited_ = limited;
    most_out_ = out;
    usage_until_ = next_;
  }
}

bool TcpSender::is_window_limited() const {
  return limited_ || (congestion_.in_slow_start() && congestion_.window() < 2 * most_out_);
}

// --- What is heard

void TcpSender::on_ack(std::span<const TcpPacket> packets, TimePoint now) {
  round_trip_.add_sample(now - timed(packets).sent_at);
  std::uint64_t delivered = 0;
  for (const TcpPacket& packet : packets) delivered += note_arrival(packet, now) ? 1 : 0;
  if (delivered == 0) return note_probe_acked(true);

  const bool advanced = forget_acked() > 0;
  if (advanced) backoff_ = 0;
  if (state_ != State::kOpen && first_ >= episode_end_) finish_episode();

  const std::uint64_t lost_before = lost_;
  lost_a_resend_ = false;
  const TimePoint reorder_at = find_losses(now);
  if (lost_ > 0 && (state_ == State::kOpen || (state_ == State::kLoss && lost_a_resend_))) {
    enter_recovery();
  }
  note_probe_acked(delivered < packets.size());
  if (state_ == State::kRecovery) {
    reduce_window(delivered, advanced, lost_ > lost_before);
  } else if (advanced && is_window_limited()) {
    watch_start(now - packets.back().sent_at, now);
    congestion_.grow(delivered, round_trip_.tick(now), round_trip_.least());
  }
  if (reorder_at != kNever) {
    set_timer(Timer::kReorder, now, reorder_at - now + kTimerMargin);
  } else if (advanced) {
    set_probe_or_timeout(now, now + timeout());
  }
}

/// The one of these that the round trip is measured by: the oldest, unless it may be its copy that
/// arrived.
const TcpPacket& TcpSender::timed(std::span<const TcpPacket> packets) {
  const TcpPacket& oldest = packets.front();
  const bool is_certain = oldest.segment >= first_ && !segment(oldest.segment).resent;
  return is_certain ? oldest : packets.back();
}

/// False: it was known to have arrived already.
bool TcpSender::note_arrival(const TcpPacket& packet, TimePoint now) {
  if (packet.serial > newest_acked_) {
    newest_acked_ = packet.serial;
    newest_rtt_ = now - packet.sent_at;
  }
  if (packet.segment < first_ || segment(packet.segment).acked) return false;
  if (std::exchange(timeout_in_doubt_, false) && packet.serial <= serial_at_timeout_) {
    undo_timeout();
  }
  Segment& arrived = segment(packet.segment);
  arrived.acked = true;
  --(std::exchange(arrived.lost, false) ? lost_ : in_flight_);
  ++sacked_;
  return true;
}

/// Takes the acked from the front; says how many.
std::uint64_t TcpSender::forget_acked() {
  std::uint64_t count = 0;
  for (; !segments_.empty() && segments_.front().acked; ++count) {
    flight_bytes_ -= segments_.pop_front().bytes;
  }
  first_ += count;
  sacked_ -= count;
  if (lost_ == 0) lost_heap_.clear();
  return count;
}

bool TcpSender::is_current(const TcpPacket& packet) {
  if (packet.segment < first_) return false;
  const Segment& sent = segment(packet.segment);
  return !sent.acked && !sent.lost && sent.serial == packet.serial;
}

void TcpSender::mark_lost(std::uint64_t index) {
  Segment& gone = segment(index);
  gone.lost = true;
  lost_a_resend_ = lost_a_resend_ || gone.resent;
  ++lost_;
  --in_flight_;
  lost_heap_.push_back(index);
  std::push_heap(lost_heap_.begin(), lost_heap_.end(), std::greater<>());
}

/// RACK: what was sent before something that has arrived is lost, if that has
/// been so for a quarter of an RTT, or for three. Returns when to look again.
TimePoint TcpSender::find_losses(TimePoint now) {
  Duration patience = round_trip_.least() / 4;
  if (state_ != State::kOpen || sacked_ >= kEnoughDuplicates) patience = Duration(0);
  while (!unjudged_.empty()) {
    const TcpPacket& sent = unjudged_.front();
    if (is_current(sent)) {
      if (sent.serial > newest_acked_) break;
      const TimePoint lost_at = sent.sent_at + newest_rtt_ + patience;
      if (lost_at > now) return lost_at;
      mark_lost(sent.segment);
    }
    unjudged_.pop_front();
  }
  return kNever;
}

// --- The window

void TcpSender::enter_recovery() {
  state_ = State::kRecovery;
  episode_end_ = next_;
  window_before_ = congestion_.window();
  congestion_.cut_threshold();
  delivered_in_episode_ = sent_in_episode_ = 0;
}

void TcpSender::finish_episode() {
  if (state_ == State::kRecovery) congestion_.set_window(congestion_.threshold());
  state_ = State::kOpen;
}

/// A resend that filled a hole at the tail was a loss like any other, which
/// shows once something sent after it is acked and no duplicate was seen.
void TcpSender::note_probe_acked(bool was_duplicate) {
  if (probe_end_ == 0 || first_ < probe_end_) return;
  const bool repaired = probe_was_resend_ && !was_duplicate;
  if (repaired && first_ == probe_end_) return;
  probe_end_ = 0;
  if (!repaired || state_ != State::kOpen) return;
  congestion_.cut_threshold();
  congestion_.set_window(congestion_.threshold());
}

/// Proportional rate reduction, for so many packets that were delivered.
void TcpSender::reduce_window(std::uint64_t delivered, bool advanced, bool found_losses) {
  const std::uint64_t target = congestion_.threshold();
  delivered_in_episode_ += delivered;
  const std::uint64_t sent = sent_in_episode_;
  std::uint64_t quota = 0;
  if (in_flight_ > target) {
    const std::uint64_t due =
        (target * delivered_in_episode_ + window_before_ - 1) / window_before_;
    quota = due > sent ? due - sent : 0;
  } else {
    quota = delivered_in_episode_ > sent ? delivered_in_episode_ - sent : 0;
    quota = std::max(quota, delivered);
    if (advanced && !found_losses) ++quota;
    quota = std::min(quota, target - in_flight_);
  }
  if (sent == 0) quota = std::max<std::uint64_t>(quota, 1);
  congestion_.set_window(in_flight_ + quota);
}

/// HyStart: slow start ends when the queue of a bottleneck shows in the delay, or when acks come
/// in a row for half a round trip, so that a window twice as large would fill the path.
void TcpSender::watch_start(Duration rtt, TimePoint now) {
  if (!congestion_.in_slow_start() || !congestion_.has_hystart()) return;
  if (first_ > round_end_) {
    round_end_ = next_;
    round_start_ = train_end_ = now;
    round_samples_ = 0;
    round_rtt_ = rtt;
  }
  if (congestion_.window() < kWatchFromWindow) return;
  const Duration least = round_trip_.least();
  if (now - train_end_ <= kTrainGap) {
    train_end_ = now;
    if (now - round_start_ > (least + kTrainMargin) / 2) congestion_.end_slow_start();
  }
  round_rtt_ = std::min(round_rtt_, rtt);
  if (round_samples_++ < kRoundSamples) return;
  if (round_rtt_ > least + std::clamp<Duration>(least / 8, 4ms, 16ms)) {
    congestion_.end_slow_start();
  }
}

// --- Timers

/// The doubling ends at two minutes, but no timeout is shorter than what it
/// was computed from: on a very slow path the copies would crowd out the rest.
Duration TcpSender::timeout() const {
  const Duration once = round_trip_.timeout();
  return std::max(once, std::min(once * (std::int64_t{1} << backoff_), kLongestTimeout));
}

void TcpSender::set_timer(Timer kind, TimePoint now, Duration wait) {
  timer_kind_ = kind;
  timer_at_ = round_trip_.timer(now, wait);
}

/// A probe of the tail comes after 2 RTT, for a lone segment 200 ms later in
/// case its ack is delayed, and not after the timeout.
void TcpSender::set_probe_or_timeout(TimePoint now, TimePoint times_out_at) {
  if (segments_.empty()) {
    timer_kind_ = Timer::kNone;
    timer_at_ = kNever;
    return;
  }
  const Duration rest = std::max(times_out_at - now, Duration(0));
  if (state_ != State::kOpen || sacked_ > 0 || !round_trip_.is_known()) {
    set_timer(Timer::kResend, now, rest);
    return;
  }
  const Duration margin = segments_.size() == 1 ? RoundTrip::kLeastWait : kTimerMargin;
  set_timer(Timer::kProbe, now, std::min(2 * round_trip_.smoothed() + margin, rest));
}

void TcpSender::on_timer(TimePoint now) {
  const Timer kind = std::exchange(timer_kind_, Timer::kNone);
  timer_at_ = kNever;
  if (segments_.empty()) return;
  const Duration rest = segments_.front().sent_at + timeout() - now;
  switch (kind) {
    case Timer::kNone:
      return;
    case Timer::kResend:
      return on_timeout(now);
    case Timer::kProbe:
      if (probe_end_ > 0 || state_ != State::kOpen || sacked_ > 0) {  // One at a time.
        return set_timer(Timer::kResend, now, rest);
      }
      probe_due_ = true;
      return;
    case Timer::kReorder:
      find_losses(now);
      set_timer(Timer::kResend, now, rest);
      if (lost_ == 0 || state_ != State::kOpen) return;
      enter_recovery();
      reduce_window(1, false, true);
      return;
  }
}

void TcpSender::on_timeout(TimePoint now) {
  if (state_ != State::kLoss || backoff_ == 0) {
    window_before_ = congestion_.window();
    threshold_before_ = congestion_.threshold();
    if (state_ != State::kRecovery) congestion_.cut_threshold();
  }
  for (std::uint64_t index = first_; index < next_; ++index) {
    const Segment& sent = segment(index);
    if (sent.acked || sent.lost) continue;
    // The ack of what was sent less than an RTT ago may be on its way.
    if (index == first_ || sent.sent_at + newest_rtt_ <= now) mark_lost(index);
  }
  congestion_.forget();
  congestion_.set_window(in_flight_ + 1);
  state_ = State::kLoss;
  episode_end_ = next_;
  timeout_in_doubt_ = true;
  serial_at_timeout_ = last_serial_;
  backoff_ = std::min(backoff_ + 1, kMostBackoff);
  set_timer(Timer::kResend, now, timeout());
}

/// What was sent before the timeout arrives first: it was only late (F-RTO, RFC 5682).
void TcpSender::undo_timeout() {
  if (state_ != State::kLoss) return;
  for (const std::uint64_t index : lost_heap_) {
    if (index < first_ || !std::exchange(segment(index).lost, false)) continue;
    --lost_;
    ++in_flight_;
  }
  lost_heap_.clear();
  congestion_.restore(window_before_, threshold_before_);
  state_ = State::kOpen;
}

std::size_t TcpSender::memory() const {
  return segments_.size() * sizeof(Segment) + unjudged_.size() * sizeof(TcpPacket) +
         lost_heap_.size() * sizeof(std::uint64_t);
}

}  // namespace faultline
