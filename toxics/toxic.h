#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/random.h"
#include "base/time.h"
#include "toxics/chunk.h"
#include "toxics/direction.h"
#include "toxics/sample_table.h"
#include "toxics/shared_line.h"

namespace faultline {

/// Where a toxic puts what leaves it.
///
/// A direction of a TCP connection is one ordered stream, so nothing can
/// overtake: an `at` before that of an earlier call counts as the earlier one,
/// and what follows a finish or close is ignored. `at` may be kNever.
class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void send(Chunk chunk, TimePoint at) = 0;
  /// Gives a time to the first `bytes` of what was sent with kNever, and to an
  /// end of the stream right behind them. REQUIRES: so many are held.
  virtual void release(std::size_t bytes, TimePoint at) = 0;
  virtual void finish(TimePoint at) = 0;  ///< No more bytes this way: the peer sees FIN.
  virtual void close(TimePoint at) = 0;   ///< The whole connection ends: both peers see FIN.
  virtual void reset() = 0;  ///< The whole connection dies now, with all it holds: both see RST.
  virtual void wake(TimePoint at) = 0;  ///< Asks for on_wake() then; replaces an earlier ask.
};

/// What a toxic leaves to the one that takes its place. Each type has its own.
struct Keepsake {
  Keepsake() = default;
  virtual ~Keepsake() = default;
  Keepsake(const Keepsake&) = delete;
  Keepsake& operator=(const Keepsake&) = delete;
};

/// What a toxic remembers on one link while its settings are changed: a change
/// makes a new Toxic, which is handed the memory of the one before.
struct StageMemory {
  explicit StageMemory(std::uint64_t key) : StageMemory(key, key) {}
  StageMemory(std::uint64_t link_key, std::uint64_t both_links_key)
      : chance_key(link_key), connection_key(both_links_key), random(link_key) {}

  const std::uint64_t chance_key;      ///< This toxic's own on this link.
  const std::uint64_t connection_key;  ///< The same on both links of the connection.
  Random random;                       ///< A stream of chance from it.
  Direction direction = Direction::kDownstream;
  /// The connection begins here and now, with the toxic: until the first is made.
  bool is_new = false;
  std::uint64_t passed_bytes = 0;        ///< Sent on since the toxic reached this link.
  const SampleTable* samples = nullptr;  ///< Outlives the toxic; null if it was given none.
  SharedLine* line = nullptr;            ///< Shared by all its links, until the settings change.
  std::unique_ptr<Keepsake> keepsake{};  ///< Of the one before, while its successor is made.
};

/// How fast bytes may pass a link that moves them by itself: what a toxic has
/// to say that limits how many pass and when, and need neither see nor hold them.
class Gate {
 public:
  /// When the next byte may pass.
  virtual TimePoint opens_at() const = 0;
  /// How many bytes may pass at `now`: none before opens_at(). Asked when there are some.
  virtual std::size_t allowance(TimePoint now) = 0;
  /// So many have passed. `ran_dry`: there were no more to come.
  virtual void on_passed(std::size_t bytes, bool ran_dry) = 0;

 protected:
  ~Gate() = default;
};

/// One fault on one direction of one connection.
///
/// A toxic decides; it does not wait. It is told when something arrived and
/// says what leaves, and when. It knows no clock, socket or loop, so a test
/// can make up the times. When its settings change, a new toxic takes its
/// place: it is started, and then told once more of everything the old one
/// still held, with the time each arrived.
class Toxic {
 public:
  virtual ~Toxic() = default;

  virtual void on_start(TimePoint /*now*/, Outlet& /*out*/) {}
  virtual void on_data(Chunk chunk, TimePoint arrived, Outlet& out) = 0;
  virtual void on_finish(TimePoint arrived, Outlet& out) { out.finish(arrived); }
  virtual void on_wake(TimePoint /*now*/, Outlet& /*out*/) {}

  /// The toxic is being taken away; what it held goes on at once. A fault that
  /// has eaten bytes must end the connection here: a stream with a hole in it
  /// is never resumed.
  virtual void on_remove(TimePoint /*now*/, Outlet& /*out*/) {}

  /// Another is about to be made with other settings, and told of what is held:
  /// what that one needs beside goes to `memory.keepsake`.
  virtual void on_replace(StageMemory& /*memory*/) {}

  /// False if bytes pass untouched and unwatched. A link whose toxics all say
  /// so stays on the pass-through path.
  virtual bool sees_bytes() const { return true; }

  /// What limits the bytes of such a link; null for no limit. Where another
  /// toxic of the link sees bytes they come to on_data() all the same.
  virtual Gate* gate() { return nullptr; }

  /// How many bytes the toxic may hold before its link stops reading. Little,
  /// for a toxic that holds bytes to slow the sender; kFullWindow, for one
  /// that must not become a limit on throughput.
  virtual std::size_t window() const { return kSmallWindow; }

  static constexpr std::size_t kSmallWindow = 64 * 1024;
  static constexpr std::size_t kFullWindow = SIZE_MAX;
};

}  // namespace faultline
