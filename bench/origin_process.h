#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "bench/child.h"
#include "bench/origin.h"

namespace faultline::bench {

/// The origin, running as a process of its own until this object goes.
class OriginProcess {
 public:
  /// `port` 0 is a free one. Errors: kNetwork.
  static Result<std::unique_ptr<OriginProcess>> start(std::uint16_t port);
  ~OriginProcess();
  OriginProcess(const OriginProcess&) = delete;
  OriginProcess& operator=(const OriginProcess&) = delete;

  std::uint16_t port() const { return port_; }
  const OriginCounters& counters() const { return *counters_; }

  /// Begins a new run: counters start at 0, and what is left of earlier runs
  /// counts no more.
  void start_run();

  /// Makes the sources of this run stop; each then leaves `active_sources`.
  void stop_sources() { counters_->stop_sources = true; }

  /// Bytes of watched echoes that come from `late_from` on are counted as late,
  /// and those before no more.
  void watch(TimePoint late_from);

  /// What a connection of this run has to say first.
  Greeting greeting(Role role) const;

 private:
  OriginProcess() = default;

  std::uint16_t port_ = 0;
  std::uint64_t nonce_ = 0;
  OriginCounters* counters_ = nullptr;  // Shared with the process; unmapped at the end.
  Child child_;
};

}  // namespace faultline::bench
