// The operation of /v1 on what has happened.

#include "control-api/event_stream.h"
#include "control-api/v1_handlers.h"

namespace faultline {

Result<HttpResponse> v1_get_events(const V1Call& call) {
  if (call.events == nullptr) return fail(ErrorKind::kNotFound, "this server keeps no events");
  auto response = event_response(*call.events, call.request);
  if (!response && response.error().kind == ErrorKind::kInvalid) {
    return fail(ErrorKind::kMalformed, response.error().message);  // It is all in the query.
  }
  return response;
}

}  // namespace faultline
