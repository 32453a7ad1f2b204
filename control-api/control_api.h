#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "control-api/access_rules.h"
#include "control-api/event_log.h"
#include "control-api/http_message.h"
#include "control-api/metrics.h"
#include "control-api/request_ids.h"
#include "control-api/url_path.h"
#include "control-api/v1_api.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline {

/// The HTTP APIs on a registry, Toxiproxy's and, under /v1, our own: which call a
/// request is, who may make it, and its answer. Knows no socket; the HttpServer's handler is a call
/// of handle(). On the control thread.
class ControlApi {
 public:
  struct Options {
    AccessRules::Options access;
    Metrics::Groups metrics;     ///< Without any, /metrics does not exist.
    std::uint64_t id_seed = 0;   ///< For request ids; different at each start.
    EventLog* events = nullptr;  ///< Outlives the API. Without it there is no /v1/events.
    V1Settings v1{};
    std::optional<Duration> toxiproxy_ttl{};  ///< Of toxics made over Toxiproxy's API.
  };

  /// `registry` and `workers` must outlive this.
  ControlApi(Registry& registry, const Workers& workers, Options options);

  /// Waits for nothing. The only error is kNeedsLookup (see HttpHandler).
  Result<HttpResponse> handle(const HttpRequest& request, const Names& names);

  /// When something's time is up next, or kNever: then end_due() is to be called.
  TimePoint next_end() const { return v1_.next_end(); }
  /// `on_change` is called when that has changed without a request, and lives as long as this.
  void watch_ends(std::function<void()> on_change) { v1_.watch_ends(std::move(on_change)); }
  void end_due(TimePoint now) { v1_.end_due(now); }
  /// Ends every run of a timeline early; `why` is for people.
  void abort_runs(const std::string& why) { v1_.abort_runs(why); }

  /// Ends every run. From now on /readyz answers 503, and so does what would begin something.
  void start_draining() { v1_.start_draining(); }

 private:
  Result<HttpResponse> handle_v1(const HttpRequest& request, const Names& names,
                                 const Target& target, const std::vector<std::string>& segments);

  Registry& registry_;
  const Workers& workers_;
  const Metrics::Groups metric_groups_;
  const AccessRules access_;
  RequestIds ids_;
  V1Api v1_;
  const std::optional<Duration> toxiproxy_ttl_;
};

}  // namespace faultline
