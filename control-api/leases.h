#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control-api/request_ids.h"

namespace faultline {

/// The right to keep faults alive for a while, which its owner renews or holds: when he falls
/// silent, what is bound to it ends.
struct Lease {
  std::string id;
  std::string owner;   ///< May be empty.
  std::string reason;  ///< May be empty.
  Duration ttl{};
  int holders = 0;   ///< While there are any it does not end by itself.
  TimePoint ends{};  ///< kNever while it is held.
  std::chrono::system_clock::time_point ends_at{};  ///< The same, for people.
};

/// The leases that there are. Forgets none by itself: take_ended() does.
class Leases {
 public:
  static constexpr std::size_t kMost = 10'000;

  /// `id_seed` makes their ids, which nobody shall guess.
  explicit Leases(std::uint64_t id_seed) : ids_(id_seed) {}

  /// In order of id.
  std::vector<const Lease*> list() const;

  /// Null if there is none, or its time is up.
  const Lease* find(const std::string& id, TimePoint now) const;

  /// From `now` on. Errors: kConflict, there are too many.
  Result<const Lease*> grant(Duration ttl, std::string owner, std::string reason, TimePoint now);

  /// It begins anew at `now`, with that ttl. Null if there is none, or its time is up.
  const Lease* renew(const std::string& id, Duration ttl, TimePoint now);

  /// It does not end by itself until release(), which is called as often: from the call at
  /// `now` on it has its ttl again. Neither does anything to a lease that there is not.
  void hold(const std::string& id, TimePoint now);
  void release(const std::string& id, TimePoint now);

  /// `on_release` is called when a lease is released, at the end of it: next_end() may have
  /// changed. It must live as long as this.
  void watch_releases(std::function<void()> on_release) { on_release_ = std::move(on_release); }

  /// Forgets it. False if there is none.
  bool end(const std::string& id) { return leases_.erase(id) == 1; }

  /// When the first one's time is up, or kNever.
  TimePoint next_end() const;

  /// Forgets those whose time is up, and returns them.
  std::vector<Lease> take_ended(TimePoint now);

 private:
  RequestIds ids_;
  std::map<std::string, Lease> leases_;
  std::function<void()> on_release_ = [] {};
};

}  // namespace faultline
