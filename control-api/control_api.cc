#include "control-api/control_api.h"

#include <optional>
#include <string_view>
#include <utility>

#include "control-api/handlers.h"
#include "control-api/route_pattern.h"
#include "control-api/url_path.h"

namespace faultline {

namespace {

struct Route {
  std::string_view method;  // "*" is any.
  std::string_view path;    // A segment in braces stands for any non-empty one.
  Handler handler;
};

constexpr Route kRoutes[] = {
    {"GET", "/version", get_version},
    {"GET", "/proxies", list_proxies},
    {"POST", "/proxies", create_proxy},
    {"GET", "/proxies/{proxy}", get_proxy},
    {"POST", "/proxies/{proxy}", update_proxy},
    {"PATCH", "/proxies/{proxy}", update_proxy},
    {"DELETE", "/proxies/{proxy}", delete_proxy},
    {"POST", "/populate", populate},
    {"POST", "/reset", reset},
    {"GET", "/proxies/{proxy}/toxics", list_toxics},
    {"POST", "/proxies/{proxy}/toxics", create_toxic},
    {"GET", "/proxies/{proxy}/toxics/{toxic}", get_toxic},
    {"POST", "/proxies/{proxy}/toxics/{toxic}", update_toxic},
    {"PATCH", "/proxies/{proxy}/toxics/{toxic}", update_toxic},
    {"DELETE", "/proxies/{proxy}/toxics/{toxic}", delete_toxic},
    {"*", "/metrics", get_metrics},
    {"GET", "/healthz", get_health},
    {"GET", "/readyz", get_readiness},
};

struct Match {
  Handler handler = nullptr;
  std::vector<std::string> captured;
  bool path_is_known = false;  // With another method, if handler is null.
};

Match find_route(std::string_view method, const std::vector<std::string>& segments,
                 bool has_metrics) {
  Match match;
  for (const Route& route : kRoutes) {
    if (route.handler == get_metrics && !has_metrics) continue;
    auto captured = route_captures(route.path, segments);
    if (!captured) continue;
    match.path_is_known = true;
    if (route.method != "*" && route.method != method) continue;
    match.handler = route.handler;
    match.captured = *std::move(captured);
    return match;
  }
  return match;
}

/// Web browsers say so. Toxiproxy's rule, and its words.
bool is_browser(const HttpRequest& request) {
  const std::string* agent = request.header("User-Agent");
  return agent != nullptr && agent->rfind("Mozilla/", 0) == 0;
}

/// Whether something may be there afterwards that was not.
bool begins_something(const std::string& method) {
  return method == "POST" || method == "PATCH";
}

}  // namespace

ControlApi::ControlApi(Registry& registry, const Workers& workers, Options options)
    : registry_(registry),
      workers_(workers),
      metric_groups_(options.metrics),
      access_(std::move(options.access)),
      ids_(options.id_seed),
      v1_(registry, workers, options.events, options.v1),
      toxiproxy_ttl_(options.toxiproxy_ttl) {}

Result<HttpResponse> ControlApi::handle(const HttpRequest& request, const Names& names) {
  const Target target = parse_target(request.target);
  const auto segments = path_segments(target.path);
  if (!segments) return text_response(400, "400 Bad Request: bad escape in the path\n");
  const bool is_path = !target.path.empty() && target.path.front() == '/';
  if (!is_path) return text_response(404, "404 page not found\n");
  if (const std::string cleaned = cleaned_path(target.path); cleaned != target.path) {
    return HttpResponse{301, {{"Location", cleaned + target.query}}, ""};
  }
  if (segments->front() == "v1") return handle_v1(request, names, target, *segments);
  const Match match = find_route(request.method, *segments, metric_groups_.any());
  if (!match.path_is_known) return text_response(404, "404 page not found\n");
  if (match.handler == nullptr) return HttpResponse{405, {}, ""};

  const std::string* host = target.authority.empty() ? request.header("Host") : &target.authority;
  const auto refusal = access_.refusal(host, request.header("Origin"));
  const std::string request_id = ids_.next();
  Result<HttpResponse> response = HttpResponse{};
  if (is_browser(request)) {
    response = text_response(403, "User agent not allowed\n");
  } else if (refusal) {
    response = error_response(403, *refusal);
  } else if (v1_.is_draining() && begins_something(request.method)) {
    response = error_response(503, "the server stops: it begins nothing more");
  } else {
    const Registry::Because because(registry_, {.by = "toxiproxy_api", .request_id = request_id});
    const Call call{registry_, workers_,          metric_groups_, request,
                    names,     v1_.is_draining(), toxiproxy_ttl_, match.captured};
    response = match.handler(call);
  }
  if (!response) {
    if (response.error().kind == ErrorKind::kNeedsLookup) return response;
    response = error_response(response.error());
  }
  response->headers.emplace_back("X-Toxiproxy-Request-Id", request_id);
  return response;
}

Result<HttpResponse> ControlApi::handle_v1(const HttpRequest& request, const Names& names,
                                           const Target& target,
                                           const std::vector<std::string>& segments) {
  const std::string* host = target.authority.empty() ? request.header("Host") : &target.authority;
  const auto refusal = access_.refusal(host, request.header("Origin"));
  const std::string id = v1_request_id(request).value_or(ids_.next());
  if (refusal) return v1_.refuse(*refusal, id);
  return v1_.handle(request, names, target, segments, id);
}

}  // namespace faultline
