#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proxy/proxy_counters.h"
#include "proxy/socket.h"
#include "proxy/spec.h"
#include "proxy/worker.h"
#include "toxics/burst_counter.h"
#include "toxics/toxic_chain.h"

namespace faultline {

/// Moves the bytes of one link: from its source, through its toxics if it has
/// any, to its destination. While no toxic needs to see bytes they pass by:
/// read and written in one go through the worker's scratch buffer or, once
/// there are many at a time, spliced through a pipe without being copied here.
///
/// The pump does what it is told and keeps no callback: its connection asks
/// afterwards what has become of it.
class Pump {
 public:
  enum class Outcome {
    kFlowing,
    kFinished,  ///< This link is over, the other may go on: FIN is to be sent on.
    kClose,     ///< A toxic asks for the whole connection to be closed.
    kReset,     ///< The whole connection is to be reset.
  };

  /// All must outlive the pump. `source` and `destination` are connected.
  Pump(Worker& worker, Direction direction, Socket& source, Socket& destination,
       ProxyCounters& counters);
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  /// Makes the toxics those of `plan`; see ToxicChain::arrange. What that
  /// releases may be left to deliver(), as next_due() then says.
  void arrange(const std::vector<StagePlan>& plan, TimePoint now);

  /// Reads what there is and there is room for, up to the limit of one turn,
  /// and moves it on. True if bytes have come.
  bool read(TimePoint now);

  /// Whether read() would move bytes straight on, if there are some: then they
  /// may be read beforehand.
  bool will_pass_on() const { return chain_ == nullptr && !is_bulk_ && is_open() && !is_blocked(); }

  /// What was read beforehand and is to be written to the destination along
  /// with what others have; empty if there is nothing. Nothing else is done
  /// until note_written(): then so much of it has been.
  std::string_view to_write() const { return to_write_; }
  void note_written(ssize_t result, TimePoint now);

  /// Moves on what is due and the destination takes, up to the limit of one
  /// turn; next_due() then is in the past.
  void deliver(TimePoint now);

  /// The destination has died without a write of ours to say so.
  void note_dead_destination() { destination_dead_ = true; }

  /// The other link of the connection has moved bytes: what comes next here answers them.
  void note_turn(const Pump& other) { bursts_.note_turn(other.bursts_); }

  Outcome outcome() const { return outcome_; }
  /// Whether read() would find something at `now`, and a place to put it.
  bool can_read(TimePoint now) const { return source_.may_read() && room(now) > 0; }
  bool wants_to_write() const { return is_blocked() && !destination_dead_; }
  bool source_is_done() const { return source_done_; }
  /// The destination takes no more bytes and never will; what was for it is lost.
  bool destination_is_dead() const { return destination_dead_; }

  /// When deliver() is to be called next, whatever the sockets do; or kNever.
  TimePoint next_due() const;

  /// The source has died, of itself, and that has passed the toxics.
  bool was_reset_by_source() const { return outcome_ == Outcome::kReset && source_reset_; }

  // What it has moved so far, and has now.
  std::uint64_t received_bytes() const { return received_; }
  std::uint64_t sent_bytes() const { return sent_; }
  /// In toxics, or let go by them and not taken by the destination.
  std::size_t held_bytes() const { return chain_ == nullptr ? 0 : chain_->held_bytes(); }
  /// Not in toxics: the destination would not take them yet.
  std::size_t waiting_bytes() const;
  /// When it last read bytes; TimePoint::min() if it never has.
  TimePoint last_read() const { return last_read_; }
  std::vector<StageReport> report() const;

 private:
  std::size_t room(TimePoint now) const;
  bool is_open() const {
    return !source_done_ && !destination_dead_ && outcome_ == Outcome::kFlowing;
  }
  /// A toxic has ended the link before its source did: what still comes is swallowed.
  bool is_swallowing() const { return outcome_ == Outcome::kFinished && !source_done_; }
  bool is_blocked() const { return unsent_.has_value() || pipe_ != nullptr || !to_write_.empty(); }
  bool is_shut() const { return chain_ != nullptr && chain_->is_shut() && !chain_->is_dead(); }
  bool passes_through() const { return chain_ == nullptr || chain_->is_transparent(); }
  void note_passed(std::size_t bytes);
  void note_received(std::size_t bytes, TimePoint now);
  void note_sent(std::size_t bytes);
  bool copy(TimePoint now);
  bool splice(TimePoint now);
  bool empty_pipe();
  bool pass_on(const Socket::EarlyRead& early, TimePoint now);
  void take_in(std::size_t size, TimePoint now);
  void note_end(Transfer::State state, TimePoint now);
  void end_source(Signal signal, TimePoint now);
  std::size_t write(std::string_view bytes);
  bool send(Chunk chunk);
  void on_signal(Signal signal);
  void settle_memory();

  Worker& worker_;
  Socket& source_;
  Socket& destination_;
  BurstCounter bursts_;
  ProxyCounters::Counter& received_bytes_;
  ProxyCounters::Counter& sent_bytes_;
  std::uint64_t received_ = 0;  // Of this link alone.
  std::uint64_t sent_ = 0;
  TimePoint last_read_ = TimePoint::min();
  Outcome outcome_ = Outcome::kFlowing;
  bool source_done_ = false;
  bool source_reset_ = false;
  bool destination_dead_ = false;
  bool is_bulk_ = false;               // Many bytes at a time: worth a pipe.
  std::unique_ptr<ToxicChain> chain_;  // Null while the link has no toxics.
  std::optional<Chunk> unsent_;        // What the destination would not take yet,
  std::unique_ptr<Pipe> pipe_;         // and the same when spliced; never both.
  std::string_view to_write_;          // Or what it has not been asked to take yet.
  TimePoint close_by_ = kNever;        // When a Close stops waiting for the destination.
  std::size_t accounted_ = 0;
};

}  // namespace faultline
