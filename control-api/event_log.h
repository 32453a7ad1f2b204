#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "control-api/event.h"
#include "proxy/change.h"

namespace faultline {

/// Is told that there is something new in the log.
class EventSubscriber {
 public:
  /// In the midst of whatever made the event: it takes note, and reads later.
  /// It must not add, subscribe or unsubscribe.
  virtual void on_events() noexcept = 0;

 protected:
  ~EventSubscriber() = default;
};

/// Is given each event as it happens, and keeps nobody waiting.
class EventSink {
 public:
  virtual void take(std::shared_ptr<const Event> event) noexcept = 0;

 protected:
  ~EventSink() = default;
};

/// What has happened, numbered from 1 without gaps: the last events, as many as
/// its limits allow. Readers keep a number and come for what follows it; nobody
/// is waited for. On the control thread.
class EventLog final : public ChangeObserver {
 public:
  struct Limits {
    std::size_t events = 100'000;
    std::size_t bytes = 64UL << 20;  ///< The last event is kept all the same.
  };

  explicit EventLog(const Limits& limits);
  EventLog() : EventLog(Limits()) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog() = default;

  /// The first event gets the number after `seq`. REQUIRES: there was none yet.
  void go_on_after(std::uint64_t seq);
  /// Null: nobody. It outlives the log, or is taken away.
  void copy_to(EventSink* sink) { sink_ = sink; }

  void add(const EventDraft& draft);
  void on_change(const Change& change) noexcept override { add(event_of(change)); }

  /// The number of the oldest event that is kept; last() + 1 if there is none.
  std::uint64_t first() const { return last_ + 1 - events_.size(); }
  /// The number of the last event; 0 before the first.
  std::uint64_t last() const { return last_; }
  /// REQUIRES: first() <= seq <= last().
  const std::shared_ptr<const Event>& at(std::uint64_t seq) const;
  std::size_t bytes() const { return bytes_; }

  /// `subscriber` is told until it unsubscribes.
  void subscribe(EventSubscriber& subscriber);
  void unsubscribe(EventSubscriber& subscriber);

 private:
  const Limits limits_;
  std::uint64_t last_ = 0;
  std::deque<std::shared_ptr<const Event>> events_;
  std::size_t bytes_ = 0;  // Of events_.
  EventSink* sink_ = nullptr;
  std::vector<EventSubscriber*> subscribers_;
};

/// Numbers of events, both included.
struct EventRange {
  std::uint64_t from;
  std::uint64_t to;
};

/// A place in a log, and what is wanted from there on.
class EventCursor {
 public:
  /// Behind number `after`. `log` must outlive it.
  EventCursor(const EventLog& log, std::uint64_t after, EventFilter filter);

  /// The next event that passes the filter; null if there is none yet, or some
  /// are no longer kept.
  std::shared_ptr<const Event> next();

  /// What it should have come to but is no longer kept; then goes on behind that.
  std::optional<EventRange> skip_lost();

  /// The number of the last event it has passed, wanted or not.
  std::uint64_t position() const { return next_ - 1; }

 private:
  const EventLog& log_;
  std::uint64_t next_;
  EventFilter filter_;
};

}  // namespace faultline
