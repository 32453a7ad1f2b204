#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control-api/event_log.h"
#include "control-api/halt_latch.h"
#include "control-api/http_message.h"
#include "control-api/kept_answers.h"
#include "control-api/leases.h"
#include "control-api/run_engine.h"
#include "proxy/document.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline {

/// What /v1 is told at the start.
struct V1Settings {
  Duration default_ttl = std::chrono::minutes(10);  ///< Of a toxic that does not say.
  Duration max_ttl = std::chrono::hours(2);
  bool may_have_no_end = false;  ///< Whether `ttl: none` is taken.
  std::string halt_file{};       ///< Where a halt is kept; "": in memory alone.
  std::uint64_t lease_seed = 0;  ///< For the ids of leases and runs: nobody shall guess it.
};

/// What /v1 knows beside the registry.
struct V1State {
  Leases leases;
  HaltLatch halt;
  RunEngine runs;
  KeptAnswers answers{};
};

/// One request to /v1, checked as far as its operation's entry in the table says.
struct V1Call {
  Registry& registry;
  const Workers& workers;
  const V1Settings& settings;
  V1State& state;
  EventLog* events;  ///< Null if there is none.
  const HttpRequest& request;
  const std::string& request_id;
  const Names& names;                        ///< Host names looked up for this request so far.
  const std::vector<std::string>& captured;  ///< What the path's braces stand for, in order.
  const std::map<std::string, std::string>& query;
  const Document& body;                                   ///< Null where the operation has none.
  Registry::Attempt attempt = Registry::Attempt::kApply;  ///< kTry for ?dry_run=true.
};

/// What an operation does. Knows no socket. Errors become problem details; kNeedsLookup
/// means: look the name up and call again.
using V1Handler = Result<HttpResponse> (*)(const V1Call&);

}  // namespace faultline
