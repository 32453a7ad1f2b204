#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "proxy/live_toxic.h"
#include "proxy/proxy_counters.h"
#include "toxics/stage_record.h"

namespace faultline {

/// What one connection has had to do with each toxic of its proxy: so that it
/// is counted once, and asks a budget once. Of one worker.
///
///   met ──▶ matched ──▶ on ──▶ acted
///            │ shadow: no further
///
/// A toxic whose pulse is off is not met, and takes itself off the connection;
/// what was counted stays so.
class Encounters {
 public:
  /// Of a connection on worker number `worker`, of the proxy with these counters,
  /// one for each worker. They outlive it. One that is a probe's counts for nobody, and no
  /// budget is asked for it.
  Encounters(std::size_t worker, const std::vector<ProxyCounters>& proxy, bool is_probe = false)
      : worker_(worker), proxy_(proxy), is_probe_(is_probe) {}
  ~Encounters();  ///< On no connection any more. REQUIRES: the toxics are still there.
  Encounters(const Encounters&) = delete;
  Encounters& operator=(const Encounters&) = delete;

  /// The toxics in force are now `toxics`. Decides which of them are on, and counts.
  /// Whoever was met before and is none of them is off.
  void meet(const ToxicSet& toxics, const ConnectionIdentity& connection, TimePoint now);

  /// Whether that toxic is on the connection, since it last met them.
  bool is_on(std::uint64_t toxic) const;

  /// The upstream could not be reached: whoever of `toxics` is for that has acted.
  void note_undialled(const ToxicSet& toxics);

  /// For the stages of that toxic; null if it was not met, or nobody counts. Stays where it is
  /// until forgotten.
  AppliedOnce* applied(std::uint64_t toxic);

  /// Drops what it knows of toxics that are none of `all` that there are, in force or not.
  void forget_others(const ToxicSet& all);

 private:
  struct Encounter {
    ToxicBudget* budget = nullptr;  // While it is on and has limits.
    bool was_matched = false;
    bool was_on = false;
    bool is_on = false;
    bool is_present = false;  // Among those it met last.
    AppliedOnce applied{};
  };

  void note_cut(const LiveToxic& toxic, const ConnectionIdentity& connection) const;
  bool may_be_on(const LiveToxic& toxic, Encounter& encounter) const;
  static void take_off(Encounter& encounter);

  const std::size_t worker_;
  const std::vector<ProxyCounters>& proxy_;
  const bool is_probe_;
  std::map<std::uint64_t, Encounter> encounters_;  // By the toxic's id.
};

}  // namespace faultline
