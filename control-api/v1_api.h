#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "control-api/http_message.h"
#include "control-api/url_path.h"
#include "control-api/v1_call.h"
#include "control-api/v1_operations.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline {

/// Faultline's own API, under /v1: it refuses what it does not understand and says what
/// was meant. On the control thread; knows no socket.
///
/// A request passes: its operation is found (404, 405), its query and body are read (400),
/// its conditions are looked at (412), its operation does it or refuses.
class V1Api {
 public:
  /// All must outlive this; `events` may be null. A halt that was kept is one again.
  V1Api(Registry& registry, const Workers& workers, EventLog* events, const V1Settings& settings);

  /// `segments` are those of the target's path, "v1" the first. Waits for nothing. The
  /// only error is kNeedsLookup (see HttpHandler). `id` goes into the answer.
  Result<HttpResponse> handle(const HttpRequest& request, const Names& names, const Target& target,
                              const std::vector<std::string>& segments, const std::string& id);

  /// When the first toxic's, partition's, lease's or run's step's time is up, or something is to
  /// be looked at again; or kNever.
  TimePoint next_end() const;

  /// `on_change` is called when next_end() has changed without a request. It must live as long
  /// as this.
  void watch_ends(std::function<void()> on_change) {
    state_.leases.watch_releases(std::move(on_change));
  }

  /// Ends what is due at `now`: toxics, partitions, and leases with all that is bound to them.
  /// Begins and ends the steps of runs. Looks at probes, and at what comes back.
  void end_due(TimePoint now);

  /// Ends every run early, with its faults. `why` is for people: "the server stops".
  void abort_runs(const std::string& why);

  /// The same, and from now on whatever would begin something is refused: nobody would end it.
  void start_draining();
  bool is_draining() const { return draining_; }

  /// Of a request that may not be made: 403, with the reason.
  static HttpResponse refuse(const std::string& reason, const std::string& id);

 private:
  void end_faults(const std::string& cause, const std::function<bool(const ToxicSpec&)>& is_over);
  Result<HttpResponse> answer(const HttpRequest& request, const Names& names, const Target& target,
                              const std::vector<std::string>& segments, const std::string& id);
  Result<HttpResponse> perform_once(const V1Operation& operation, const V1Call& call);
  Result<HttpResponse> perform(const V1Operation& operation, const V1Call& call) const;
  Result<std::optional<std::string>> present_tag(const V1Call& call, std::string_view path) const;
  Result<void> check_conditions(const V1Operation& operation, const V1Call& call) const;

  Registry& registry_;
  const Workers& workers_;
  EventLog* const events_;
  const V1Settings settings_;
  V1State state_;
  bool draining_ = false;
};

/// The X-Request-Id of a client, if it can be echoed and logged: 1 to 128 letters, digits
/// and "._-".
std::optional<std::string> v1_request_id(const HttpRequest& request);

}  // namespace faultline
