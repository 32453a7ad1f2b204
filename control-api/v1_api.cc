#include "control-api/v1_api.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

#include "base/log.h"
#include "base/nearest_name.h"
#include "base/random.h"
#include "control-api/json_reader.h"
#include "control-api/route_pattern.h"
#include "control-api/utf8.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_query.h"
#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

struct Found {
  const V1Operation* operation = nullptr;
  std::vector<std::string> captured;
  std::set<std::string> methods;  // That the path takes; empty if there is no such path.
};

Found find_operation(std::string_view method, const std::vector<std::string>& segments) {
  Found found;
  for (const V1Operation& operation : v1_operations()) {
    auto captured = route_captures(operation.path, segments);
    if (!captured) continue;
    found.methods.emplace(operation.method);
    if (operation.method == "GET") found.methods.emplace("HEAD");
    if (operation.method != (method == "HEAD" ? "GET" : method)) continue;
    found.operation = &operation;
    found.captured = *std::move(captured);
  }
  if (!found.methods.empty()) found.methods.emplace("OPTIONS");
  return found;
}

std::string allow_header(const std::set<std::string>& methods) {
  std::string list;
  for (const std::string& method : methods) list += (list.empty() ? "" : ", ") + method;
  return list;
}

HttpResponse no_such_path(const std::string& path) {
  std::vector<std::string> paths;
  for (const V1Operation& operation : v1_operations()) {
    if (operation.path.find('{') == std::string_view::npos) paths.emplace_back(operation.path);
  }
  return problem_response(
      v1_problem("not-found"),
      "there is no `" + path + "`" + did_you_mean(path, paths) + "; /v1/ lists what there is");
}

/// The parameters that `operation` knows.
std::vector<std::string> query_names(const V1Operation& operation) {
  std::vector<std::string> names;
  for (const V1Query& query : operation.queries) names.emplace_back(query.name);
  if (operation.writes) names.emplace_back("dry_run");
  return names;
}

Result<Registry::Attempt> attempt_of(const std::map<std::string, std::string>& query) {
  const auto found = query.find("dry_run");
  if (found == query.end() || found->second == "false") return Registry::Attempt::kApply;
  if (found->second == "true") return Registry::Attempt::kTry;
  return fail(ErrorKind::kMalformed, "dry_run must be true or false, not `" + found->second + "`");
}

Result<Document> body_of(const V1Operation& operation, const HttpRequest& request) {
  if (!operation.body.empty()) return parse_strict_json(request.body);
  if (request.body.empty()) return Document{};
  return fail(ErrorKind::kMalformed, "this operation takes no body");
}

/// A strong entity tag (RFC 9110, 8.8.3): the same for the same bytes.
std::string tag_of(const std::string& body) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), derive_key(0, body), 16).ptr;
  return "\"" + std::string(digits.data(), end) + "\"";
}

/// Whether a list of tags, "*" or `"a", W/"b"`, holds `tag`. `weakly`: "W/" does not matter.
bool lists_tag(std::string_view list, const std::optional<std::string>& tag, bool weakly) {
  if (!tag) return false;
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (!one.empty() && std::isspace(static_cast<unsigned char>(one.front())) != 0) {
      one.remove_prefix(1);
    }
    while (!one.empty() && std::isspace(static_cast<unsigned char>(one.back())) != 0) {
      one.remove_suffix(1);
    }
    if (weakly && one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == *tag) return true;
  }
  return false;
}

HttpResponse not_modified(const std::string& tag) {
  return {304, {{"ETag", tag}}, ""};
}

void finish(HttpResponse& response, const std::string& id) {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Request-Id", id);
}

}  // namespace

V1Api::V1Api(Registry& registry, const Workers& workers, EventLog* events,
             const V1Settings& settings)
    : registry_(registry),
      workers_(workers),
      events_(events),
      settings_(settings),
      state_{Leases(settings.lease_seed),
             settings.halt_file.empty() ? HaltLatch() : HaltLatch(settings.halt_file),
             RunEngine(registry, workers, events, derive_key(settings.lease_seed, "runs"))} {
  if (state_.halt.halt() != nullptr) registry_.halt();
}

TimePoint V1Api::next_end() const {
  return std::min(
      {registry_.next_end(), state_.leases.next_end(), state_.runs.next(), registry_.next_look()});
}

void V1Api::end_due(TimePoint now) {
  std::set<std::string> leases;
  for (const Lease& lease : state_.leases.take_ended(now)) {
    leases.insert(lease.id);
    log(LogLevel::kInfo, "lease", "its time was up, it was not renewed",
        {{"lease", lease.id}, {"owner", lease.owner}, {"reason", lease.reason}});
  }
  state_.runs.end_with(leases, now);
  state_.runs.advance(now);  // Before ttls, which are for runs that do not come to this.
  end_faults("lease", [&](const ToxicSpec& toxic) { return leases.count(toxic.life.lease) > 0; });
  end_faults("ttl", [&](const ToxicSpec& toxic) { return toxic.life.ends <= now; });
  registry_.look(now);
}

void V1Api::abort_runs(const std::string& why) {
  state_.runs.end_all(RunState::kAborted, why, {.by = "signal"}, clock_now());
}

void V1Api::start_draining() {
  draining_ = true;
  abort_runs("the server stops");
}

void V1Api::end_faults(const std::string& cause,
                       const std::function<bool(const ToxicSpec&)>& is_over) {
  const Registry::Because because(registry_, {.by = cause});
  for (const LivePartition& partition : registry_.end_partitions(is_over)) {
    const ToxicLife& life = partition.spec.fault.life;
    log(LogLevel::kInfo, "partition", cause == "lease" ? "its lease has ended" : "its time was up",
        {{"partition", partition.spec.name},
         {"lease", life.lease},
         {"owner", life.owner},
         {"reason", life.reason}});
  }
  for (const auto& [proxy, toxic] : registry_.end_toxics(is_over)) {
    log(LogLevel::kInfo, "toxic", cause == "lease" ? "its lease has ended" : "its time was up",
        {{"proxy", proxy},
         {"toxic", toxic.name},
         {"lease", toxic.life.lease},
         {"owner", toxic.life.owner},
         {"reason", toxic.life.reason}});
  }
}

Result<HttpResponse> V1Api::handle(const HttpRequest& request, const Names& names,
                                   const Target& target, const std::vector<std::string>& segments,
                                   const std::string& id) {
  const Registry::Because because(registry_, {.by = "v1", .request_id = id});
  Result<HttpResponse> response = answer(request, names, target, segments, id);
  if (!response) {
    if (response.error().kind == ErrorKind::kNeedsLookup) return response;
    response = problem_response(response.error());
  }
  finish(*response, id);
  return response;
}

HttpResponse V1Api::refuse(const std::string& reason, const std::string& id) {
  HttpResponse response = problem_response(v1_problem("forbidden"), reason);
  finish(response, id);
  return response;
}

Result<HttpResponse> V1Api::answer(const HttpRequest& request, const Names& names,
                                   const Target& target, const std::vector<std::string>& segments,
                                   const std::string& id) {
  for (const std::string& segment : segments) {
    if (is_utf8(segment)) continue;
    return fail(ErrorKind::kMalformed, "the path is not UTF-8");
  }
  if (segments.size() == 1) return HttpResponse{308, {{"Location", "/v1/" + target.query}}, ""};
  const Found found = find_operation(request.method, segments);
  if (found.methods.empty()) return no_such_path(target.path);
  const std::string allow = allow_header(found.methods);
  if (request.method == "OPTIONS") return HttpResponse{204, {{"Allow", allow}}, ""};
  if (found.operation == nullptr) {
    HttpResponse refusal =
        problem_response(v1_problem("method-not-allowed"), target.path + " takes " + allow);
    refusal.headers.emplace_back("Allow", allow);
    return refusal;
  }
  if (draining_ && found.operation->begins_something()) {
    return problem_response(v1_problem("draining"), "the server stops: it begins nothing more");
  }
  const auto query = parse_v1_query(target.query, query_names(*found.operation));
  if (!query) return Fail(query.error());
  const auto attempt = attempt_of(*query);
  if (!attempt) return Fail(attempt.error());
  const auto body = body_of(*found.operation, request);
  if (!body) return Fail(body.error());
  return perform_once(*found.operation, V1Call{.registry = registry_,
                                               .workers = workers_,
                                               .settings = settings_,
                                               .state = state_,
                                               .events = events_,
                                               .request = request,
                                               .request_id = id,
                                               .names = names,
                                               .captured = found.captured,
                                               .query = *query,
                                               .body = *body,
                                               .attempt = *attempt});
}

/// Performs it, unless its Idempotency-Key says that this was done already.
Result<HttpResponse> V1Api::perform_once(const V1Operation& operation, const V1Call& call) {
  const std::string* key = call.request.header("Idempotency-Key");
  const bool applies = call.attempt == Registry::Attempt::kApply;
  if (key == nullptr || !operation.takes_key() || !applies) return perform(operation, call);
  const std::uint64_t request = KeptAnswers::request_number(call.request);
  const auto kept = state_.answers.find(*key, request);
  if (!kept) return Fail(kept.error());
  if (*kept != nullptr) {
    HttpResponse again{(*kept)->status, (*kept)->headers, (*kept)->body};
    again.headers.emplace_back("Idempotency-Replayed", "true");
    return again;
  }
  Result<HttpResponse> response = perform(operation, call);
  if (response && response->status < 300) state_.answers.keep(*key, request, *response);
  return response;
}

Result<HttpResponse> V1Api::perform(const V1Operation& operation, const V1Call& call) const {
  const bool reads = operation.method == "GET";
  if (operation.has_tag && !reads) {
    if (const auto holds = check_conditions(operation, call); !holds) {
      if (holds.error().kind == ErrorKind::kNeedsLookup) return Fail(holds.error());
      return problem_response(v1_problem("precondition-failed"), holds.error().message);
    }
  }
  Result<HttpResponse> response = operation.handler(call);
  if (!response) return response;
  if (call.attempt == Registry::Attempt::kTry) response->headers.emplace_back("Dry-Run", "true");
  const bool shows_it = response->status == 200 || response->status == 201;
  if (!operation.has_tag || !shows_it) return response;
  const std::string tag = tag_of(response->body);
  const std::string* known = call.request.header("If-None-Match");
  if (reads && known != nullptr && lists_tag(*known, tag, true)) return not_modified(tag);
  response->headers.emplace_back("ETag", tag);
  return response;
}

/// The tag of what GET at `path` shows; none if there is nothing.
Result<std::optional<std::string>> V1Api::present_tag(const V1Call& call,
                                                      std::string_view path) const {
  const auto& all = v1_operations();
  const auto reader = std::find_if(all.begin(), all.end(), [&](const V1Operation& operation) {
    return operation.path == path && operation.method == "GET";
  });
  if (reader == all.end()) return std::nullopt;
  const auto shown = reader->handler(call);
  if (shown) return tag_of(shown->body);
  if (shown.error().kind == ErrorKind::kNeedsLookup) return Fail(shown.error());
  return std::nullopt;
}

Result<void> V1Api::check_conditions(const V1Operation& operation, const V1Call& call) const {
  const std::string* match = call.request.header("If-Match");
  const std::string* none_match = call.request.header("If-None-Match");
  if (match == nullptr && none_match == nullptr) return {};
  const auto tag = present_tag(call, operation.path);
  if (!tag) return Fail(tag.error());
  if (match != nullptr && !lists_tag(*match, *tag, false)) {
    return fail(ErrorKind::kConflict,
                *tag ? "it is " + **tag + " now" : std::string("it does not exist"));
  }
  if (none_match != nullptr && lists_tag(*none_match, *tag, true)) {
    return fail(ErrorKind::kConflict, "it exists, as " + **tag);
  }
  return {};
}

std::optional<std::string> v1_request_id(const HttpRequest& request) {
  constexpr std::size_t kMost = 128;
  const std::string* id = request.header("X-Request-Id");
  if (id == nullptr || id->empty() || id->size() > kMost) return std::nullopt;
  const bool is_plain = std::all_of(id->begin(), id->end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
  if (!is_plain) return std::nullopt;
  return *id;
}

}  // namespace faultline
