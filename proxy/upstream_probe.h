#pragma once

#include <memory>
#include <string>

#include "proxy/dial.h"

namespace faultline {

class UpstreamProbeOwner;

/// Dials an upstream again and again, and says what that is like.
class UpstreamProbe final : DialOwner, AlarmOwner {
 public:
  enum class State {
    kReachable,    ///< As far as is known.
    kUnreachable,  ///< Dialling fails: refused, reset, no route, no such host.
    kSilent,       ///< Nobody answers.
  };

  /// Starts at once; each dial begins 200 ms after the last has ended, and one
  /// that takes a second is given up as silent. `loop` and `owner` must outlive it.
  UpstreamProbe(EventLoop& loop, std::string upstream, UpstreamProbeOwner& owner);
  UpstreamProbe(const UpstreamProbe&) = delete;
  UpstreamProbe& operator=(const UpstreamProbe&) = delete;

  State state() const { return state_; }

 private:
  void on_dialled(Result<std::unique_ptr<Socket>> upstream) noexcept override;
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;
  void conclude(State state);

  EventLoop& loop_;
  UpstreamProbeOwner& owner_;
  const std::string upstream_;
  State state_ = State::kReachable;
  std::unique_ptr<Dial> dial_;
  Alarm alarm_;  // While dialling: when that is given up. Else: when to dial.
};

/// Is told when the state has changed, from the loop. It does not destroy the probe then.
class UpstreamProbeOwner {
 public:
  virtual void on_upstream_state(UpstreamProbe::State state) noexcept = 0;

 protected:
  ~UpstreamProbeOwner() = default;
};

}  // namespace faultline
