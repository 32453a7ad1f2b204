#include "toxics/toxic_chain.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

/// A held signal costs this much beside its bytes (the entry and the chunk's own storage).
constexpr std::size_t kBookkeeping = 128;

std::size_t memory_of(const Signal& signal) {
  const Chunk* chunk = std::get_if<Chunk>(&signal);
  return kBookkeeping + (chunk == nullptr ? 0 : chunk->size());
}

/// What a queue of so many signals holds beside its bookkeeping.
std::size_t bytes_in(std::size_t memory, std::size_t signals) {
  return memory - signals * kBookkeeping;
}

}  // namespace

struct ToxicChain::Stage {
  explicit Stage(const StagePlan& plan)
      : id(plan.id), revision(plan.revision), memory(plan.chance_key, plan.connection_key) {
    memory.direction = plan.direction;
    memory.is_new = plan.is_new;
    make_toxic(plan);
  }

  /// Makes the toxic that `plan` describes.
  void make_toxic(const StagePlan& plan) {
    record = {plan.counters, plan.applied, plan.budget};
    is_shut = plan.type->passes_nothing && !plan.bytes;
    part = plan.bytes;
    memory.line = plan.line;
    memory.samples = plan.samples;
    if (toxic != nullptr) toxic->on_replace(memory);
    if (plan.bytes) {
      const auto make_inner = [&](StageMemory& inner) {
        return plan.type->make(*plan.attributes, inner);
      };
      toxic = std::make_unique<ByteWindow>(*plan.bytes, make_inner, memory);
    } else {
      toxic = plan.type->make(*plan.attributes, memory);
    }
    memory.keepsake.reset();
    memory.is_new = false;
  }

  const std::uint64_t id;
  std::uint64_t revision;
  StageRecord record;
  std::optional<ByteWindow::Bounds> part{};  // Of the stream, that its toxic is for; none: all.
  StageMemory memory;
  std::unique_ptr<Toxic> toxic;
  Queue<Held> held;  // Due times never decrease.
  TimePoint wake_at = kNever;
  std::size_t held_memory = 0;
  std::uint64_t taken_bytes = 0;  // Its toxic was told of; of these have left:
  std::uint64_t left_bytes = 0;
  std::uint64_t delayed_bytes = 0;  // Of those that have left.
  std::uint64_t round_before = 0;   // What had gone round the chain before it was there.
  bool is_shut = false;
  bool ended = false;  // A finish, close or reset is held or has left.
  bool waits = false;  // There are bytes that its gate does not let pass yet.
};

/// Holds what one stage's toxic lets go, until it is due.
class ToxicChain::StageOutlet final : public Outlet {
 public:
  /// The toxic is told of something that arrived at `arrived`; nothing can leave before `now`.
  StageOutlet(ToxicChain& chain, Stage& stage, TimePoint arrived, TimePoint now,
              Telling telling = Telling::kFirst)
      : chain_(chain), stage_(stage), arrived_(arrived), now_(now), telling_(telling) {}

  void send(Chunk chunk, TimePoint at) override {
    if (chunk.size() == 0) return;
    tally_.add(chunk.bytes());
    hold(std::move(chunk), at);
  }
  void release(std::size_t bytes, TimePoint at) override {
    Queue<Held>& held = stage_.held;
    auto next = std::partition_point(held.begin(), held.end(),
                                     [](const Held& item) { return item.due != kNever; });
    at = std::max(at, now_);
    if (next != held.begin()) at = std::max(at, std::prev(next)->due);
    for (; next != held.end(); ++next) {
      if (Chunk* chunk = std::get_if<Chunk>(&next->signal)) {
        if (bytes == 0) return;
        if (bytes < chunk->size()) {
          Held front{chunk->take_front(bytes), at, next->arrived};
          stage_.held_memory += kBookkeeping;
          chain_.held_memory_ += kBookkeeping;
          held.insert(next, std::move(front));
          return;
        }
        bytes -= chunk->size();
      }
      next->due = at;
    }
  }
  void finish(TimePoint at) override {
    if (!stage_.ended && (!is_finish_due_ || at > arrived_)) stage_.record.note_act();
    end(Finish{}, at);
  }
  void close(TimePoint at) override {
    if (!stage_.ended) stage_.record.note_act();
    end(Close{}, at);
  }
  void wake(TimePoint at) override { stage_.wake_at = std::max(at, now_); }

  void reset() override {
    stage_.record.note_act();
    chain_.die();
  }

  /// The toxic is about to be told of `bytes`; see note_outcome().
  void expect(std::string_view bytes) {
    tally_.told = bytes;
    tally_.position = stage_.memory.passed_bytes;
    tally_.part = stage_.part;
  }
  /// The same of a FIN: it may pass that on.
  void expect_finish() { is_finish_due_ = true; }
  /// Enters what has become of the bytes it was told of.
  void note_outcome() {
    const std::size_t told = tally_.told.size();
    if (tally_.sent < told) stage_.record.note_dropped(told - tally_.sent);
    if (tally_.is_cut || tally_.is_changed) stage_.record.note_act();
  }

  void end(Signal signal, TimePoint at) {
    hold(std::move(signal), at);
    stage_.ended = true;
  }

 private:
  void hold(Signal signal, TimePoint at) {
    if (stage_.ended) return;
    at = std::max(at, now_);
    if (!stage_.held.empty()) at = std::max(at, stage_.held.back().due);
    if (const Chunk* chunk = std::get_if<Chunk>(&signal)) {
      // What is told again was counted when it was first held.
      if (at > arrived_ && telling_ == Telling::kFirst) stage_.record.note_delayed(chunk->size());
    }
    const std::size_t memory = memory_of(signal);
    stage_.held_memory += memory;
    chain_.held_memory_ += memory;
    stage_.held.push_back({std::move(signal), at, arrived_});
  }

  /// What a toxic makes of the bytes it is told of.
  struct Tally {
    void add(std::string_view bytes) {
      sent += bytes.size();
      const bool is_inside = !std::less<>()(bytes.data(), told.data()) &&
                             std::less<>()(bytes.data(), told.data() + told.size());
      is_changed = is_changed || !is_inside;  // Whoever changes bytes makes others.
      if (is_inside && bytes.data() != told.data()) {
        const auto at = position + static_cast<std::uint64_t>(bytes.data() - told.data());
        is_cut = is_cut || !part || (at != part->after && at != part->until);
      }
    }

    std::string_view told;                     // Where they were, to be compared with only.
    std::uint64_t position = 0;                // The first of them is at, in the stream.
    std::optional<ByteWindow::Bounds> part{};  // Where that begins and ends nothing is done to it.
    std::size_t sent = 0;
    bool is_cut = false;
    bool is_changed = false;
  };

  ToxicChain& chain_;
  Stage& stage_;
  const TimePoint arrived_;
  const TimePoint now_;
  const Telling telling_;
  Tally tally_;
  bool is_finish_due_ = false;
};

ToxicChain::ToxicChain(std::size_t link_window_bytes) : link_window_(link_window_bytes) {}

ToxicChain::~ToxicChain() = default;

void ToxicChain::arrange(const std::vector<StagePlan>& plan, TimePoint now) {
  advance(now);
  const auto planned = [&](const Stage& stage) {
    return std::any_of(plan.begin(), plan.end(),
                       [&](const StagePlan& wanted) { return wanted.id == stage.id; });
  };
  for (std::size_t i = stages_.size(); i-- > 0;) {
    if (!planned(*stages_[i])) remove(i, now);
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (i == stages_.size() || stages_[i]->id != plan[i].id) {
      insert(i, plan[i], now);
    } else if (stages_[i]->revision != plan[i].revision) {
      replace(*stages_[i], plan[i], now);
    }
  }
  VERIFY(stages_.size() == plan.size());  // A plan never changes the order of toxics.
}

void ToxicChain::insert(std::size_t index, const StagePlan& plan, TimePoint now) {
  const auto where = stages_.begin() + static_cast<std::ptrdiff_t>(index);
  Stage& stage = **stages_.insert(where, std::make_unique<Stage>(plan));
  stage.round_before = went_round_;
  if (plan.counters != nullptr && plan.counts_connection) count(plan.counters->connections);
  StageOutlet outlet(*this, stage, now, now);
  stage.toxic->on_start(now, outlet);
}

void ToxicChain::replace(Stage& stage, const StagePlan& plan, TimePoint now) {
  stage.revision = plan.revision;
  stage.make_toxic(plan);
  stage.wake_at = kNever;
  stage.ended = stage.ended && stage.held.empty();  // What has left stays said.
  Queue<Held> held = std::exchange(stage.held, {});
  for (const Held& item : held) {  // What it counted as passed it will count anew.
    const Chunk* chunk = std::get_if<Chunk>(&item.signal);
    if (chunk == nullptr) continue;
    std::uint64_t& passed = stage.memory.passed_bytes;
    passed -= std::min<std::uint64_t>(passed, chunk->size());
    stage.taken_bytes -= chunk->size();
  }
  held_memory_ -= std::exchange(stage.held_memory, 0);

  StageOutlet outlet(*this, stage, now, now);
  stage.toxic->on_start(now, outlet);
  for (Held& item : held) {
    hand_to_toxic(stage, std::move(item.signal), item.arrived, now, Telling::kAgain);
  }
}

void ToxicChain::remove(std::size_t index, TimePoint now) {
  StageOutlet outlet(*this, *stages_[index], now, now);
  stages_[index]->toxic->on_remove(now, outlet);
  const std::unique_ptr<Stage> stage = std::move(stages_[index]);
  stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(index));
  held_memory_ -= stage->held_memory;
  for (Held& orphan : stage->held) arrive(index, std::move(orphan.signal), now);
}

std::size_t ToxicChain::room() const {
  if (dead_) return 0;
  // On the way to being transparent: what is held must leave before bytes go round.
  if (held_memory_ > 0 && !sees_bytes()) return 0;
  std::size_t room = link_window_;
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (is_full(i)) return 0;
    room = std::min(room, window_of(*stages_[i]));
  }
  return leaving_.size() < kMostLeaving ? room : 0;
}

void ToxicChain::push(Signal signal, TimePoint now) {
  advance(now);
  arrive(0, std::move(signal), now);
}

std::optional<Signal> ToxicChain::pop(TimePoint now) {
  advance(now);
  if (dead_) return Reset{};
  if (leaving_.empty()) return std::nullopt;
  Signal signal = leaving_.pop_front().signal;
  held_memory_ -= memory_of(signal);
  return signal;
}

TimePoint ToxicChain::next_due() const {
  return leaving_.empty() ? next_stage_event() : leaving_.front().due;
}

TimePoint ToxicChain::next_stage_event() const {
  if (dead_) return clock_;
  TimePoint earliest = kNever;
  for (std::size_t i = 0; i < stages_.size(); ++i) earliest = std::min(earliest, next_event(i));
  return earliest;
}

bool ToxicChain::is_transparent() const {
  return held_memory_ == 0 && !sees_bytes();
}

bool ToxicChain::sees_bytes() const {
  return std::any_of(stages_.begin(), stages_.end(),
                     [](const auto& stage) { return stage->toxic->sees_bytes(); });
}

bool ToxicChain::is_shut() const {
  return std::any_of(stages_.begin(), stages_.end(),
                     [](const auto& stage) { return stage->is_shut; });
}

std::size_t ToxicChain::held_bytes() const {
  std::size_t signals = leaving_.size();
  for (const std::unique_ptr<Stage>& stage : stages_) signals += stage->held.size();
  return bytes_in(held_memory_, signals);
}

std::vector<StageReport> ToxicChain::report() const {
  std::vector<StageReport> reports;
  for (const std::unique_ptr<Stage>& stage : stages_) {
    const std::size_t held = bytes_in(stage->held_memory, stage->held.size());
    const std::uint64_t gone = stage->left_bytes + held;
    reports.push_back({.toxic = stage->id,
                       .passed_bytes = stage->left_bytes + went_round_ - stage->round_before,
                       .delayed_bytes = stage->delayed_bytes,
                       .dropped_bytes = stage->taken_bytes - std::min(stage->taken_bytes, gone),
                       .held_bytes = held});
  }
  return reports;
}

std::size_t ToxicChain::allowance(TimePoint now) const {
  std::size_t least = SIZE_MAX;
  for (const std::unique_ptr<Stage>& stage : stages_) {
    if (Gate* gate = stage->toxic->gate()) least = std::min(least, gate->allowance(now));
  }
  return least;
}

TimePoint ToxicChain::opens_at() const {
  TimePoint latest = TimePoint::min();
  for (const std::unique_ptr<Stage>& stage : stages_) {
    if (const Gate* gate = stage->toxic->gate()) latest = std::max(latest, gate->opens_at());
  }
  return latest;
}

void ToxicChain::note_passed(std::size_t bytes, bool ran_dry) {
  went_round_ += bytes;
  for (const std::unique_ptr<Stage>& stage : stages_) {
    Gate* const gate = stage->toxic->gate();
    if (gate == nullptr) continue;
    if (stage->waits && bytes > 0) {
      stage->record.note_delayed(bytes);
      stage->delayed_bytes += bytes;
    }
    gate->on_passed(bytes, ran_dry);
    stage->waits = !ran_dry && gate->opens_at() > clock_;
  }
}

/// `signal` reaches the stage at `index`, or leaves after the last one.
void ToxicChain::arrive(std::size_t index, Signal signal, TimePoint now) {
  if (index < stages_.size()) {
    hand_to_toxic(*stages_[index], std::move(signal), now, now);
    return;
  }
  held_memory_ += memory_of(signal);
  closing_ = closing_ || std::holds_alternative<Close>(signal);
  leaving_.push_back({std::move(signal), now, now});
}

/// Drops everything, in all stages: nothing but the reset is left to leave.
void ToxicChain::die() {
  for (const std::unique_ptr<Stage>& stage : stages_) {
    stage->held.clear();
    stage->held_memory = 0;
    stage->wake_at = kNever;
    stage->ended = true;
  }
  leaving_.clear();
  held_memory_ = 0;
  dead_ = true;
}

void ToxicChain::hand_to_toxic(Stage& stage, Signal signal, TimePoint arrived, TimePoint now,
                               Telling telling) {
  Chunk* const chunk = std::get_if<Chunk>(&signal);
  if (chunk != nullptr) stage.taken_bytes += chunk->size();
  if (stage.ended) {
    if (chunk != nullptr) stage.record.note_dropped(chunk->size());
    return;
  }
  StageOutlet outlet(*this, stage, arrived, now, telling);
  if (chunk != nullptr) {
    outlet.expect(chunk->bytes());
    stage.toxic->on_data(std::move(*chunk), arrived, outlet);
    outlet.note_outcome();
  } else if (std::holds_alternative<Finish>(signal)) {
    outlet.expect_finish();
    stage.toxic->on_finish(arrived, outlet);
  } else {
    outlet.end(std::move(signal), now);
  }
}

/// Of several events at once the one furthest along is played first, so that
/// room is made before it is needed.
void ToxicChain::advance(TimePoint now) {
  for (;;) {
    std::size_t earliest = stages_.size();
    TimePoint at = kNever;
    for (std::size_t i = stages_.size(); i-- > 0;) {
      const TimePoint event = next_event(i);
      if (event < at) {
        earliest = i;
        at = event;
      }
    }
    if (earliest == stages_.size() || at > now) break;
    clock_ = std::max(clock_, at);
    play(earliest, clock_, now);
  }
  clock_ = std::max(clock_, now);
}

/// One event of the stage at `index`: its first held signal moves on, or its toxic wakes.
void ToxicChain::play(std::size_t index, TimePoint at, TimePoint now) {
  Stage& stage = *stages_[index];
  const bool wakes =
      stage.wake_at <= at && stage.wake_at != kNever &&
      (stage.held.empty() || stage.wake_at < stage.held.front().due || is_full(index + 1));
  if (wakes) {
    stage.wake_at = kNever;
    StageOutlet outlet(*this, stage, at, at);
    stage.toxic->on_wake(at, outlet);
    return;
  }
  Held next = stage.held.pop_front();
  const std::size_t memory = memory_of(next.signal);
  stage.held_memory -= memory;
  held_memory_ -= memory;
  if (const Chunk* chunk = std::get_if<Chunk>(&next.signal)) {
    stage.left_bytes += chunk->size();
    if (next.due > next.arrived) stage.delayed_bytes += chunk->size();
  }
  if (ToxicCounters* counters = stage.record.counters;
      counters != nullptr && std::holds_alternative<Chunk>(next.signal)) {
    counters->delay.record(next.due - next.arrived);
    counters->error.record(now - next.due);
  }
  arrive(index + 1, std::move(next.signal), at);
}

bool ToxicChain::is_full(std::size_t index) const {
  if (index == stages_.size()) return leaving_.size() >= kMostLeaving;
  return stages_[index]->held_memory >= window_of(*stages_[index]);
}

std::size_t ToxicChain::window_of(const Stage& stage) const {
  return std::min(stage.toxic->window(), link_window_);
}

/// When the stage at `index` next does something by itself. What it holds
/// cannot move on while the stage after it is full.
TimePoint ToxicChain::next_event(std::size_t index) const {
  const Stage& stage = *stages_[index];
  if (stage.held.empty() || is_full(index + 1)) return stage.wake_at;
  return std::min(stage.wake_at, stage.held.front().due);
}

}  // namespace faultline
