#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace faultline {

/// On and off by turns, on first: what a part of a Schedule does.
struct OnOff {
  enum class Lengths {
    kUniform,      ///< `on` and `off`, each time up to `jitter` more or less.
    kExponential,  ///< `on` and `off` are means: on/off without memory, as faults come by chance.
  };

  Duration on{0};
  Duration off{0};
  Duration jitter{0};
  Lengths lengths = Lengths::kUniform;

  bool operator==(const OnOff&) const = default;
};

/// When a toxic is in force, by the time since it was made: the same for all its
/// connections, on all threads.
///
/// A value: the answers are a pure function of what it was made with. The k-th
/// length is drawn from the key and k alone. Since finding one's way to a late
/// time may take a step for each length before it, whoever asks again and again
/// keeps a ScheduleCursor, and whoever is new copies it.
struct Schedule {
  /// No length is less, so that nothing spins.
  static constexpr Duration kShortest = std::chrono::milliseconds(1);

  std::optional<OnOff> pulse = std::nullopt;    ///< Regular, or nearly so. Absent: always on.
  std::optional<OnOff> poisson = std::nullopt;  ///< By chance. With both it takes both to be on.
  std::uint64_t key = 0;
  TimePoint start{};  ///< What is before it is like it.

  bool in_force(TimePoint now) const;
  TimePoint next_change(TimePoint now) const;  ///< See ScheduleCursor.
};

/// A place in a Schedule that only moves forward. A small value: copy it freely.
class ScheduleCursor {
 public:
  explicit ScheduleCursor(const Schedule& schedule);

  /// REQUIRES of both: `now` is not before that of an earlier call.
  bool in_force(TimePoint now);
  /// in_force() stays what it is until then: ask again. kNever: for good.
  TimePoint next_change(TimePoint now);

 private:
  /// A place in one part.
  class Turns {
   public:
    Turns(const OnOff& times, std::uint64_t key, TimePoint start);
    void move_to(TimePoint now);
    bool is_on() const { return turn_ % 2 == 0; }
    TimePoint ends_at() const { return ends_at_; }

   private:
    Duration length_of(std::uint64_t turn) const;

    OnOff times_;
    std::uint64_t key_;
    std::uint64_t turn_ = 0;
    TimePoint ends_at_;
  };

  std::optional<Turns> pulse_;
  std::optional<Turns> poisson_;
};

/// When a toxic is in force, by the time since it reached the connection: from
/// `after` on, and before `until`. An empty window is never.
struct TimeWindow {
  Duration after{0};
  std::optional<Duration> until = std::nullopt;  ///< Absent: for good.

  bool in_force(TimePoint start, TimePoint now) const;
  /// When in_force() next changes after `now`; kNever: it does not.
  TimePoint next_change(TimePoint start, TimePoint now) const;
  bool operator==(const TimeWindow&) const = default;
};

/// Which of a proxy's connections a toxic is for, by their number.
struct ConnectionCount {
  std::uint64_t after = 0;  ///< Only those behind the first so many; 0: all.
  std::uint64_t first = 0;  ///< Of these only the first so many; 0: all.
  /// Of these each so many-eth: 3 is the third, the sixth... 0 or 1: each.
  std::uint64_t every = 0;

  /// `index` counts from 0 those that came since the toxic was made.
  bool covers(std::uint64_t index) const;
  bool operator==(const ConnectionCount&) const = default;
};

}  // namespace faultline
