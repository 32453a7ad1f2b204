#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control-api/body_stream.h"
#include "control-api/event_log.h"
#include "control-api/http_message.h"

namespace faultline {

/// What a request for events asks for.
struct EventQuery {
  /// The last event that the client has; empty: it wants what is new.
  std::optional<std::uint64_t> since{};
  EventFilter filter{};
  std::size_t limit = kUsualLimit;  ///< For a list.
  std::string lease{};              ///< The id of the one that a stream holds; empty: none.

  static constexpr std::size_t kUsualLimit = 100;
  static constexpr std::size_t kMostLimit = 1000;
};

/// `?type=toxic.,proxy.created&proxy=redis&toxic=slow&since=7&limit=10&lease=x3k9`, with
/// or without its "?". `last_event_id` is the header of that name, or null; a client
/// that reconnects sends it, so it wins over `since`. Errors: kInvalid.
Result<EventQuery> parse_event_query(std::string_view query, const std::string* last_event_id);

/// Whether the client takes a JSON list, and no stream.
bool wants_event_list(const HttpRequest& request);

/// {"events":[...],"next":7}: those after `since`, or else the last ones. `next` is
/// what to ask for as `since` then.
std::string event_list_json(const EventLog& log, const EventQuery& query);

/// The events of `log`, which must outlive it, as server-sent events: what the
/// query asks for and, from then on, what happens. A client that falls so far
/// behind that its next event is no longer kept is let go.
std::unique_ptr<BodyStream> stream_of_events(EventLog& log, const EventQuery& query);

/// The answer to GET or HEAD of events: a list or a stream, whichever is wanted.
HttpResponse event_response(EventLog& log, const HttpRequest& request, const EventQuery& query);

}  // namespace faultline
