#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "toxics/byte_window.h"
#include "toxics/catalog.h"
#include "toxics/queue.h"
#include "toxics/stage_record.h"
#include "toxics/toxic.h"
#include "toxics/toxic_counters.h"

namespace faultline {

struct Finish {};  ///< The end of this direction: FIN, passed on as a half-close.
struct Close {};   ///< The end of the whole connection: FIN to both peers.
struct Reset {};   ///< The death of the whole connection: RST to both peers.
using Signal = std::variant<Chunk, Finish, Close, Reset>;

/// One toxic that a link should have.
struct StagePlan {
  std::uint64_t id = 0;        ///< Tells one toxic from another; never 0.
  std::uint64_t revision = 0;  ///< Changes whenever the attributes do.
  const ToxicType* type = nullptr;
  const Attributes* attributes = nullptr;  ///< Read while the chain is arranged only.
  std::uint64_t chance_key = 0;
  std::uint64_t connection_key = 0;  ///< See StageMemory, of this and what follows.
  Direction direction = Direction::kDownstream;
  bool is_new = false;  ///< The connection begins with it.
  const SampleTable* samples = nullptr;
  std::optional<ByteWindow::Bounds> bytes{};  ///< The part of the stream it is for; none: all.
  ToxicCounters* counters = nullptr;          ///< Outlives the stage, as do these two:
  AppliedOnce* applied = nullptr;             ///< of the connection; and
  ToxicBudget* budget = nullptr;              ///< of the toxic, if it has limits.
  bool counts_connection = true;              ///< Of two stages of one toxic only one does.
  SharedLine* line = nullptr;                 ///< One for each revision; outlives its stages.
};

/// What one toxic has done to one link since it is there.
struct StageReport {
  std::uint64_t toxic = 0;          ///< StagePlan::id.
  std::uint64_t passed_bytes = 0;   ///< Have left it, or gone round it.
  std::uint64_t delayed_bytes = 0;  ///< Of these: left later than they came.
  std::uint64_t dropped_bytes = 0;  ///< Will never leave it.
  std::uint64_t held_bytes = 0;     ///< Are in it now.
};

/// The toxics on one direction of one connection, and what they hold back.
///
///   push() -> [lag: held...] -> [slow: held...] -> pop()
///
/// Time is an argument. What leaves a stage reaches the next at the time it
/// was due, not when the caller came to look, so a late timer delays one pop
/// and adds no error to the stages after it. A stage that holds as much as its
/// window lets nothing more in: what is due waits in the stage before it, and
/// in the end the caller stops reading.
class ToxicChain {
 public:
  /// `link_window_bytes` bounds each stage, whatever window its toxic asks for.
  explicit ToxicChain(std::size_t link_window_bytes);
  ~ToxicChain();
  ToxicChain(const ToxicChain&) = delete;
  ToxicChain& operator=(const ToxicChain&) = delete;

  /// Makes the stages those of `plan`, in its order. A stage whose toxic is
  /// gone lets go of what it held, at `now`; one whose revision changed gets a
  /// new toxic and keeps what it held; the others do not notice.
  void arrange(const std::vector<StagePlan>& plan, TimePoint now);

  /// How many bytes may be pushed, as things stood at the last advance(); 0
  /// means stop reading.
  std::size_t room() const;

  /// Takes in what arrived at `now`, even if there is no room.
  void push(Signal signal, TimePoint now);

  /// What has left the last stage by `now`, one signal a call, in order.
  std::optional<Signal> pop(TimePoint now);

  /// When pop() may next have something new, or kNever.
  TimePoint next_due() const;

  /// Whether bytes may go round the chain: no toxic looks at them and none are held.
  bool is_transparent() const;

  /// How many bytes may go round a transparent chain at `now`, and from when on.
  std::size_t allowance(TimePoint now) const;
  TimePoint opens_at() const;  ///< TimePoint::min() if it is always open.
  /// So many have. `ran_dry`: there were no more to come.
  void note_passed(std::size_t bytes, bool ran_dry);

  /// A toxic has ended the connection: pop() says Reset before anything that was held.
  bool is_dead() const { return dead_; }

  /// A toxic lets no byte pass, at no time: nor may what has left the last stage go on.
  bool is_shut() const;

  /// A Close waits behind what has left the last stage.
  bool is_closing() const { return closing_; }

  /// When a stage next does something by itself; what waits for pop() does not count.
  TimePoint next_stage_event() const;

  /// Plays every event due by `now`, in the order of their times.
  void advance(TimePoint now);

  /// Memory of what is held: the bytes and the bookkeeping for them.
  std::size_t held_memory() const { return held_memory_; }

  /// Of what is held: the bytes alone.
  std::size_t held_bytes() const;

  bool has_stages() const { return !stages_.empty(); }

  /// One for each stage, in order.
  std::vector<StageReport> report() const;

 private:
  struct Held {
    Signal signal;
    TimePoint due;
    TimePoint arrived;
  };
  struct Stage;
  class StageOutlet;
  /// Whether a toxic is told of something for the first time, or in place of another.
  enum class Telling { kFirst, kAgain };

  /// Held by the stages at most; keeps a flood of tiny pieces from piling up behind the last.
  static constexpr std::size_t kMostLeaving = 64;

  void insert(std::size_t index, const StagePlan& plan, TimePoint now);
  void replace(Stage& stage, const StagePlan& plan, TimePoint now);
  void remove(std::size_t index, TimePoint now);
  void arrive(std::size_t index, Signal signal, TimePoint now);
  void hand_to_toxic(Stage& stage, Signal signal, TimePoint arrived, TimePoint now,
                     Telling telling = Telling::kFirst);
  void die();
  void play(std::size_t index, TimePoint at, TimePoint now);
  bool is_full(std::size_t index) const;
  bool sees_bytes() const;
  std::size_t window_of(const Stage& stage) const;
  TimePoint next_event(std::size_t index) const;

  const std::size_t link_window_;
  std::vector<std::unique_ptr<Stage>> stages_;
  Queue<Held> leaving_;  // Past the last stage, waiting for pop().
  TimePoint clock_{};    // The time of the last event played; never goes back.
  std::size_t held_memory_ = 0;
  std::uint64_t went_round_ = 0;  // Bytes, ever.
  bool dead_ = false;
  bool closing_ = false;
};

}  // namespace faultline
