#include "toxics/tcp_path.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

constexpr Duration kLongestRtt = std::chrono::hours(1);
constexpr std::size_t kMostWindow = std::size_t{1} << 30U;
constexpr std::size_t kHeaderBytes = 52;  // IPv4 and TCP with timestamps.

Duration sane_rtt(const TcpPathSettings& settings) {
  return std::clamp(settings.rtt, Duration(0), kLongestRtt);
}

Duration way_forth(const TcpPathSettings& settings) {
  return settings.adds_delay ? sane_rtt(settings) / 2 : Duration(0);
}

Duration draw_phase(std::uint64_t key) {
  const auto tick = RoundTrip::kTick.count();
  return Duration(static_cast<std::int64_t>(derive_key(key, "clock") >> 1U) % tick);
}

}  // namespace

TcpPath::TcpPath(const TcpPathSettings& settings, std::uint64_t key)
    : forth_(way_forth(settings)),
      back_(sane_rtt(settings) - forth_),
      loss_(settings.loss, derive_key(key, "data")),
      ack_loss_(settings.ack_loss, derive_key(key, "acks")),
      bottleneck_(settings.bytes_per_second, settings.queue_bytes, sane_rtt(settings)),
      sender_({.rtt = sane_rtt(settings),
               .handshake_was_retried = settings.handshake_was_retried,
               .congestion = settings.congestion,
               .receive_window = std::min(settings.receive_window, kMostWindow),
               .clock_phase = draw_phase(key)}),
      receiver_(sane_rtt(settings), derive_key(key, "receiver")) {}

void TcpPath::send(std::uint64_t bytes, TimePoint at) {
  advance(at);
  sender_.write(bytes);
  transmit();
}

void TcpPath::change(const TcpPathSettings& settings, TimePoint now) {
  advance(now);
  const bool lost = !is_lossless();
  loss_.change(settings.loss);
  ack_loss_.change(settings.ack_loss);
  const double times =
      bottleneck_.change(settings.bytes_per_second, settings.queue_bytes, sane_rtt(settings), now);
  const Duration forth = way_forth(settings);
  const Duration back = sane_rtt(settings) - forth;
  for (OnTheWay& packet : data_) {
    TimePoint sent = packet.arrives - forth_;
    if (sent > now) sent = after(now, scaled(sent - now, times));
    packet.arrives = std::max(after(sent, forth), now);
  }
  for (Ack& ack : acks_) ack.arrives = std::max(after(ack.arrives - back_, back), now);
  forth_ = forth;
  back_ = back;
  if (lost && is_lossless()) sender_.hurry_timer(now);
}

void TcpPath::advance(TimePoint now) {
  for (TimePoint next = next_step(); next <= now && next != kNever; next = next_step()) {
    clock_ = std::max(clock_, next);
    if (!data_.empty() && data_.front().arrives == next) {
      receive(data_.pop_front().packet);
    } else if (!acks_.empty() && acks_.front().arrives == next) {
      hear(acks_.pop_front().packets);
      transmit();
    } else if (sender_.timer() == next) {
      sender_.on_timer(clock_);
      transmit();
    } else {
      acknowledge();
    }
  }
  clock_ = std::max(clock_, now);
}

/// Nobody sees an ack before it arrives. So it is sent then, as of when it was due, and nobody is
/// woken to send it.
TimePoint TcpPath::next_event() const {
  const TimePoint due = receiver_.ack_due();
  return std::min(next_arrival_or_timer(), due == kNever ? kNever : after(due, back_));
}

TimePoint TcpPath::next_step() const {
  return std::min(next_arrival_or_timer(), receiver_.ack_due());
}

TimePoint TcpPath::next_arrival_or_timer() const {
  TimePoint next = sender_.timer();
  if (!data_.empty()) next = std::min(next, data_.front().arrives);
  if (!acks_.empty()) next = std::min(next, acks_.front().arrives);
  return next;
}

std::optional<TcpPath::Delivery> TcpPath::take_delivery() {
  if (deliveries_.empty()) return std::nullopt;
  return deliveries_.pop_front();
}

void TcpPath::transmit() {
  while (const std::optional<TcpPacket> packet = sender_.transmit(clock_)) {
    const std::optional<TimePoint> sent =
        bottleneck_.transmit(packet->bytes + kHeaderBytes, clock_);
    if (sent && !loss_.lose(*sent)) data_.push_back({*packet, after(*sent, forth_)});
  }
}

void TcpPath::receive(const TcpPacket& packet) {
  if (const std::uint64_t bytes = receiver_.receive(packet, clock_); bytes > 0) deliver(bytes);
  arrived_.push_back(packet);
  ++unheard_;
  if (receiver_.ack_due() <= clock_) acknowledge();
}

void TcpPath::acknowledge() {
  receiver_.on_ack_sent();
  if (ack_loss_.lose(clock_)) return;
  acks_.push_back({std::exchange(unheard_, 0), after(clock_, back_)});
}

void TcpPath::hear(std::size_t packets) {
  sender_.on_ack({arrived_.begin(), packets}, clock_);
  for (; packets > 0; --packets) arrived_.pop_front();
}

void TcpPath::deliver(std::uint64_t bytes) {
  if (!deliveries_.empty() && deliveries_.back().at == clock_) {
    deliveries_.back().bytes += bytes;
  } else {
    deliveries_.push_back({bytes, clock_});
  }
}

std::size_t TcpPath::memory() const {
  return sender_.memory() + data_.size() * sizeof(OnTheWay) + arrived_.size() * sizeof(TcpPacket) +
         acks_.size() * sizeof(Ack) + receiver_.memory() + deliveries_.size() * sizeof(Delivery);
}

}  // namespace faultline
