#include "control-api/event_log.h"

#include <algorithm>
#include <utility>

#include "base/verify.h"

namespace faultline {

EventLog::EventLog(const Limits& limits) : limits_(limits) {}

void EventLog::go_on_after(std::uint64_t seq) {
  VERIFY(events_.empty() && last_ == 0);
  last_ = seq;
}

void EventLog::add(const EventDraft& draft) {
  auto event = std::make_shared<const Event>(++last_, draft);
  bytes_ += event->bytes();
  events_.push_back(event);
  while (events_.size() > 1 && (events_.size() > limits_.events || bytes_ > limits_.bytes)) {
    bytes_ -= events_.front()->bytes();
    events_.pop_front();
  }
  if (sink_ != nullptr) sink_->take(std::move(event));
  for (EventSubscriber* subscriber : subscribers_) subscriber->on_events();
}

const std::shared_ptr<const Event>& EventLog::at(std::uint64_t seq) const {
  VERIFY(seq >= first() && seq <= last_);
  return events_[seq - first()];
}

void EventLog::subscribe(EventSubscriber& subscriber) {
  subscribers_.push_back(&subscriber);
}

void EventLog::unsubscribe(EventSubscriber& subscriber) {
  subscribers_.erase(std::remove(subscribers_.begin(), subscribers_.end(), &subscriber),
                     subscribers_.end());
}

EventCursor::EventCursor(const EventLog& log, std::uint64_t after, EventFilter filter)
    : log_(log), next_(after + 1), filter_(std::move(filter)) {}

std::shared_ptr<const Event> EventCursor::next() {
  if (next_ < log_.first()) return nullptr;
  while (next_ <= log_.last()) {
    const std::shared_ptr<const Event>& event = log_.at(next_++);
    if (filter_.passes(*event)) return event;
  }
  return nullptr;
}

std::optional<EventRange> EventCursor::skip_lost() {
  if (next_ >= log_.first()) return std::nullopt;
  const EventRange lost{next_, log_.first() - 1};
  next_ = log_.first();
  return lost;
}

}  // namespace faultline
