#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control-api/http_message.h"
#include "control-api/metrics.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline {

/// One request, as a handler sees it.
struct Call {
  Registry& registry;
  const Workers& workers;
  const Metrics::Groups& metric_groups;
  const HttpRequest& request;
  const Names& names;  ///< Host names looked up for this request so far.
  bool draining;
  std::optional<Duration> toxic_ttl;  ///< Of the toxics that are made; empty: they stay.
  std::vector<std::string> captured;  ///< The values of {proxy} and {toxic} in the route, in order.
};

/// What an API call does. Knows no socket. An error becomes Toxiproxy's error
/// answer; kNeedsLookup means: look the name up and call again.
using Handler = Result<HttpResponse> (*)(const Call&);

Result<HttpResponse> get_version(const Call& call);
Result<HttpResponse> list_proxies(const Call& call);
Result<HttpResponse> create_proxy(const Call& call);
Result<HttpResponse> get_proxy(const Call& call);
Result<HttpResponse> update_proxy(const Call& call);
Result<HttpResponse> delete_proxy(const Call& call);
Result<HttpResponse> populate(const Call& call);
Result<HttpResponse> reset(const Call& call);
Result<HttpResponse> list_toxics(const Call& call);
Result<HttpResponse> create_toxic(const Call& call);
Result<HttpResponse> get_toxic(const Call& call);
Result<HttpResponse> update_toxic(const Call& call);
Result<HttpResponse> delete_toxic(const Call& call);
Result<HttpResponse> get_metrics(const Call& call);
Result<HttpResponse> get_health(const Call& call);
Result<HttpResponse> get_readiness(const Call& call);

/// {"error":...,"status":...} and a newline, as text/plain: clients of
/// Toxiproxy tell errors from successes by the content type.
HttpResponse error_response(int status, const std::string& message);
HttpResponse error_response(const Error& error);

}  // namespace faultline
