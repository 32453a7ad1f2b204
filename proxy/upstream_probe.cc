#include "proxy/upstream_probe.h"

#include <utility>

namespace faultline {

namespace {

constexpr Duration kPause = std::chrono::milliseconds(200);
constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

UpstreamProbe::UpstreamProbe(EventLoop& loop, std::string upstream, UpstreamProbeOwner& owner)
    : loop_(loop), owner_(owner), upstream_(std::move(upstream)), alarm_(loop.alarms(), *this) {
  alarm_.set(clock_now());
}

void UpstreamProbe::on_alarm(Alarm& /*alarm*/, TimePoint now) noexcept {
  if (dial_ != nullptr) {
    dial_.reset();  // At once: it must not call us in what is left of this turn.
    conclude(State::kSilent);
    return;
  }
  dial_ = std::make_unique<Dial>(loop_, upstream_, static_cast<DialOwner&>(*this));
  alarm_.set(after(now, kPatience));
}

void UpstreamProbe::on_dialled(Result<std::unique_ptr<Socket>> upstream) noexcept {
  if (upstream) (*upstream)->reset_on_close();
  conclude(upstream ? State::kReachable : State::kUnreachable);
}

void UpstreamProbe::conclude(State state) {
  loop_.deferred_delete(std::move(dial_));
  alarm_.set(after(clock_now(), kPause));
  if (std::exchange(state_, state) != state) owner_.on_upstream_state(state);
}

}  // namespace faultline
