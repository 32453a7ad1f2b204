#include "control-api/event_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/nearest_name.h"
#include "control-api/url_path.h"

namespace faultline {

namespace {

/// A list ends early, and `next` says where, once it is as long as this.
constexpr std::size_t kMostListBytes = 8UL << 20;

Result<std::uint64_t> parse_event_number(const std::string& what, const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number > INT64_MAX) {
    return fail(ErrorKind::kInvalid, what + " must be the number of an event, not `" + text + "`");
  }
  return number;
}

Result<std::vector<std::string>> parse_types(const std::string& text) {
  std::vector<std::string> types;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma == at) {
      return fail(ErrorKind::kInvalid,
                  "type must list types or beginnings of types, as in type=toxic.,proxy.created");
    }
    types.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return types;
}

Result<void> take_parameter(const std::string& name, const std::string& value, EventQuery& query) {
  if (name == "since") {
    const auto since = parse_event_number(name, value);
    if (!since) return Fail(since.error());
    query.since = *since;
  } else if (name == "limit") {
    const auto limit = parse_event_number(name, value);
    if (!limit || *limit < 1 || *limit > EventQuery::kMostLimit) {
      return fail(ErrorKind::kInvalid, "limit must be from 1 to 1000, not `" + value + "`");
    }
    query.limit = *limit;
  } else if (name == "type") {
    auto types = parse_types(value);
    if (!types) return Fail(types.error());
    query.filter.types = *std::move(types);
  } else if (name == "proxy") {
    query.filter.proxy = value;
  } else if (name == "toxic") {
    query.filter.toxic = value;
  } else if (name == "partition") {
    query.filter.partition = value;
  } else if (name == "run") {
    query.filter.run = value;
  } else if (name == "lease") {
    if (value.empty()) return fail(ErrorKind::kInvalid, "lease must be the id of one");
    query.lease = value;
  } else {
    return fail(ErrorKind::kInvalid,
                "unknown parameter `" + name + "`" +
                    did_you_mean(name, {"since", "limit", "type", "proxy", "toxic", "partition",
                                        "run", "lease"}));
  }
  return {};
}

/// What the client gets in place of events that are no longer kept.
std::string missed_json(const EventRange& lost) {
  return R"({"type":"events.missed","from":)" + std::to_string(lost.from) + R"(,"to":)" +
         std::to_string(lost.to) + "}";
}

/// Where to go on for a client whose last event is `since`. One that knows a
/// number that was never given knows another server: it gets all there is.
std::uint64_t place_of(const EventLog& log, std::uint64_t since) {
  return since <= log.last() ? since : log.first() - 1;
}

/// For it: what it has missed cannot be told by numbers.
constexpr std::string_view kBeganAnew =
    R"({"type":"events.missed","from":null,"to":null,"reason":"the numbers began anew"})";

class EventStream final : public BodyStream, EventSubscriber {
 public:
  EventStream(EventLog& log, const EventQuery& query)
      : log_(log),
        cursor_(log, place_of(log, query.since.value_or(log.last())), query.filter),
        text_(": events of Faultline\n\n") {
    const auto add_missed = [this](std::string_view json) {
      text_ += "event: events.missed\ndata: ";
      text_.append(json).append("\n\n");
    };
    if (query.since > log.last()) add_missed(kBeganAnew);
    if (const auto lost = cursor_.skip_lost()) add_missed(missed_json(*lost));
  }
  ~EventStream() override { leave(); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  void start(std::function<void()> on_more) override {
    on_more_ = std::move(on_more);
    log_.subscribe(*this);
    subscribed_ = true;
  }

  std::string next(std::size_t most) override {
    std::string bytes = text_.substr(0, most);
    text_.erase(0, bytes.size());
    while (bytes.size() < most && (event_ != nullptr || take_event())) {
      const std::string_view more = event_->frame().substr(sent_, most - bytes.size());
      bytes += more;
      sent_ += more.size();
      if (sent_ == event_->frame().size()) event_.reset();
    }
    return bytes;
  }

  bool has_ended() const override { return has_ended_; }
  std::string keep_alive() override { return ": ping\n\n"; }
  void on_stalled() noexcept override { drop("it does not read"); }

 private:
  void on_events() noexcept override { on_more_(); }

  /// False if there is none, or the client is let go.
  bool take_event() {
    if (has_ended_) return false;
    sent_ = 0;
    event_ = cursor_.next();
    if (event_ == nullptr && cursor_.skip_lost()) {
      drop("it reads too slowly: what it should read next is no longer kept");
    }
    return event_ != nullptr;
  }

  void drop(const char* reason) {
    if (std::exchange(has_ended_, true)) return;
    leave();  // Before: it is not told of its own end.
    log_.add({.type = "subscriber.dropped",
              .cause = {.by = "events", .reason = reason},
              .before = R"({"position":)" + std::to_string(cursor_.position()) + "}"});
  }

  void leave() {
    if (std::exchange(subscribed_, false)) log_.unsubscribe(*this);
  }

  EventLog& log_;
  EventCursor cursor_;
  std::string text_;                    // To be sent before any event.
  std::shared_ptr<const Event> event_;  // Being sent; so much of it was.
  std::size_t sent_ = 0;
  std::function<void()> on_more_;
  bool subscribed_ = false;
  bool has_ended_ = false;
};

}  // namespace

Result<EventQuery> parse_event_query(std::string_view query, const std::string* last_event_id) {
  EventQuery parsed;
  const auto parameters = query_parameters(query);
  if (!parameters) return fail(ErrorKind::kInvalid, "bad escape in the query");
  for (const auto& [name, value] : *parameters) {
    if (const auto taken = take_parameter(name, value, parsed); !taken) return Fail(taken.error());
  }
  if (last_event_id != nullptr && !last_event_id->empty()) {
    const auto since = parse_event_number("Last-Event-ID", *last_event_id);
    if (!since) return Fail(since.error());
    parsed.since = *since;
  }
  return parsed;
}

bool wants_event_list(const HttpRequest& request) {
  const std::string* accept = request.header("Accept");
  if (accept == nullptr) return false;
  return accept->find("application/json") != std::string::npos &&
         accept->find("text/event-stream") == std::string::npos;
}

std::string event_list_json(const EventLog& log, const EventQuery& query) {
  std::vector<std::string_view> events;
  std::string missed;
  std::size_t bytes = 0;
  std::uint64_t next = log.last();
  if (query.since) {
    EventCursor cursor(log, place_of(log, *query.since), query.filter);
    if (*query.since > log.last()) missed = kBeganAnew;
    if (const auto lost = cursor.skip_lost()) missed = missed_json(*lost);
    while (events.size() < query.limit && bytes < kMostListBytes) {
      const auto event = cursor.next();
      if (event == nullptr) break;
      events.push_back(event->json());  // The log keeps it: nothing happens meanwhile.
      bytes += event->json().size();
    }
    next = cursor.position();
  } else {
    for (std::uint64_t seq = log.last();
         seq >= log.first() && events.size() < query.limit && bytes < kMostListBytes; --seq) {
      const Event& event = *log.at(seq);
      if (!query.filter.passes(event)) continue;
      events.push_back(event.json());
      bytes += event.json().size();
    }
    std::reverse(events.begin(), events.end());
  }
  if (!missed.empty()) events.insert(events.begin(), missed);
  std::string json = R"({"events":[)";
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0) json += ',';
    json += events[i];
  }
  return json + R"(],"next":)" + std::to_string(next) + "}";
}

std::unique_ptr<BodyStream> stream_of_events(EventLog& log, const EventQuery& query) {
  return std::make_unique<EventStream>(log, query);
}

HttpResponse event_response(EventLog& log, const HttpRequest& request, const EventQuery& query) {
  HttpResponse response;
  if (wants_event_list(request)) {
    response.headers = {{"Content-Type", "application/json"}};
    response.body = event_list_json(log, query);
    return response;
  }
  response.headers = {{"Content-Type", "text/event-stream"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};  // nginx would collect them.
  response.stream = stream_of_events(log, query);
  return response;
}

}  // namespace faultline
