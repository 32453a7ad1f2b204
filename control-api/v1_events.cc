// The operation of /v1 on what has happened.

#include <utility>

#include "control-api/event_stream.h"
#include "control-api/lease_stream.h"
#include "control-api/url_path.h"
#include "control-api/v1_handlers.h"
#include "proxy/alarm_clock.h"

namespace faultline {

Result<HttpResponse> v1_get_events(const V1Call& call) {
  if (call.events == nullptr) return fail(ErrorKind::kNotFound, "this server keeps no events");
  const auto query = parse_event_query(parse_target(call.request.target).query,
                                       call.request.header("Last-Event-ID"));
  if (!query) return fail(ErrorKind::kMalformed, query.error().message);  // It is all in the query.
  const std::string& lease = query->lease;
  if (lease.empty()) return event_response(*call.events, call.request, *query);
  if (wants_event_list(call.request)) {
    return fail(ErrorKind::kMalformed,
                "lease: it is held by a stream, and the request accepts application/json alone");
  }
  if (call.state.leases.find(lease, clock_now()) == nullptr) {
    return fail(ErrorKind::kNotFound, "there is no lease `" + lease + "`: it may have ended");
  }
  HttpResponse response = event_response(*call.events, call.request, *query);
  response.stream = hold_lease(std::move(response.stream), call.state.leases, lease);
  return response;
}

}  // namespace faultline
