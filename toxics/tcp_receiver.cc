#include "toxics/tcp_receiver.h"

namespace faultline {

namespace {

using namespace std::chrono_literals;

constexpr Duration kDelayedAck = 40ms;  // Linux's TCP_DELACK_MIN.
constexpr Duration kReadTime = 10us;    // Of a program that waits for more.

// Linux grants itself 16 (TCP_MAX_QUICKACKS), not counting those while its window grows. In
// captures of 3,000 answers of 100 KB (RTT 10 to 40 ms) acks were single until about the 22nd.
constexpr unsigned kQuickAcksAtFirst = 22;
constexpr unsigned kQuickAcksAgain = 16;

/// How many segments more an ack is for, as chance has it, in these captures.
struct PutOff {
  double once;
  double twice;
};
constexpr PutOff kQuickPutOff{0.04, 0.03};
constexpr PutOff kLaterPutOff{0.2, 0.2};

}  // namespace

TcpReceiver::TcpReceiver(Duration rtt, std::uint64_t key)
    : long_silence_(rtt + RoundTrip::kLeastWait),
      random_(key),
      quick_acks_(kQuickAcksAtFirst),
      cover_(draw_cover()) {}

std::uint64_t TcpReceiver::receive(const TcpPacket& packet, TimePoint now) {
  const bool had_hole = !out_of_order_.empty();
  const bool is_duplicate = packet.segment < expected_;
  const bool was_silent = last_arrival_ != kNever && now - last_arrival_ > long_silence_;
  if ((is_duplicate || was_silent) && quick_acks_ < kQuickAcksAgain) {
    quick_acks_ = kQuickAcksAgain;
    cover_ = draw_cover();
  }
  const std::uint64_t bytes = put_in_order(packet);
  last_arrival_ = now;
  ++owed_;
  if (had_hole || bytes == 0 || owed_ >= cover_) {
    ack_due_ = now;
  } else if (quick_acks_ > 0 || packet.is_pushed || owed_ > 1) {
    ack_due_ = now + kReadTime;
  } else {
    ack_due_ = now + kDelayedAck;
  }
  return bytes;
}

std::uint64_t TcpReceiver::put_in_order(const TcpPacket& packet) {
  if (packet.segment < expected_) return 0;
  if (packet.segment == expected_ && out_of_order_.empty()) {
    ++expected_;
    return packet.bytes;
  }
  const std::uint64_t index = packet.segment - expected_;
  while (out_of_order_.size() <= index) out_of_order_.push_back(0);
  out_of_order_.begin()[static_cast<std::ptrdiff_t>(index)] = packet.bytes;
  std::uint64_t bytes = 0;
  for (; !out_of_order_.empty() && out_of_order_.front() > 0; ++expected_) {
    bytes += out_of_order_.pop_front();
  }
  return bytes;
}

void TcpReceiver::on_ack_sent() {
  if (quick_acks_ > 0) --quick_acks_;
  owed_ = 0;
  ack_due_ = kNever;
  cover_ = draw_cover();
}

unsigned TcpReceiver::draw_cover() {
  const PutOff put_off = quick_acks_ > 0 ? kQuickPutOff : kLaterPutOff;
  const double chance = random_.unit();
  const unsigned more = chance < put_off.twice ? 2 : chance < put_off.twice + put_off.once ? 1 : 0;
  return (quick_acks_ > 0 ? 1 : 2) + more;
}

}  // namespace faultline
