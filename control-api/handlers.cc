#include "control-api/handlers.h"

#include <utility>

#include "base/verify.h"
#include "control-api/json_reader.h"
#include "control-api/json_writer.h"
#include "proxy/spec_decoder.h"

namespace faultline {

namespace {

/// The only place where an error becomes an HTTP status.
int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kMalformed:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
    case ErrorKind::kHalted:
      return 409;
    case ErrorKind::kNetwork:
    case ErrorKind::kNeedsLookup:  // Never shown: the call is repeated with the answer.
      return 500;
  }
  return 500;
}

HttpResponse json_response(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

HttpResponse no_content() {
  return {204, {}, ""};
}

/// For populate, whose errors are JSON by name too, and say what was created: nothing.
HttpResponse populate_error(const Error& error) {
  const int status = status_of(error.kind);
  std::string body = error_json(error.message, status);
  body.pop_back();
  return json_response(status, body + R"(,"proxies":[]})");
}

/// Toxiproxy's clients cannot say how long a toxic stays; the server may.
void give_ttl(const Call& call, std::vector<ToxicSpec>& toxics) {
  for (ToxicSpec& toxic : toxics) toxic.life.ttl = call.toxic_ttl;
}

}  // namespace

Result<HttpResponse> get_version(const Call& /*call*/) {
  // The first is the Toxiproxy whose behaviour this is: clients parse it and choose by it.
  return HttpResponse{200,
                      {{"Content-Type", "application/json;charset=utf-8"}},
                      "{\"version\": \"2.12.0\", \"faultline\": \"" FAULTLINE_VERSION "\"}\n"};
}

Result<HttpResponse> list_proxies(const Call& call) {
  return json_response(200, proxies_by_name_json(call.registry.list()));
}

Result<HttpResponse> create_proxy(const Call& call) {
  const auto document = parse_json(call.request.body);
  if (!document) return Fail(document.error());
  auto spec = decode_proxy(*document, Dialect::kToxiproxy);
  if (!spec) return Fail(spec.error());
  give_ttl(call, spec->toxics);
  const auto created = call.registry.create(*std::move(spec), call.names);
  if (!created) return Fail(created.error());
  return json_response(201, to_json(**created));
}

Result<HttpResponse> get_proxy(const Call& call) {
  const auto proxy = call.registry.find(call.captured.at(0));
  if (!proxy) return Fail(proxy.error());
  return json_response(200, to_json(**proxy));
}

Result<HttpResponse> update_proxy(const Call& call) {
  const std::string& name = call.captured.at(0);
  if (const auto proxy = call.registry.find(name); !proxy) return Fail(proxy.error());
  const auto document = parse_json(call.request.body);
  if (!document) return Fail(document.error());
  const auto change = decode_proxy_change(*document, Dialect::kToxiproxy);
  if (!change) return Fail(change.error());
  const auto updated = call.registry.update(name, *change, call.names);
  if (!updated) return Fail(updated.error());
  return json_response(200, to_json(**updated));
}

Result<HttpResponse> delete_proxy(const Call& call) {
  if (const auto removed = call.registry.remove(call.captured.at(0)); !removed) {
    return Fail(removed.error());
  }
  return no_content();
}

Result<HttpResponse> populate(const Call& call) {
  const auto document = parse_json(call.request.body);
  if (!document) return populate_error(document.error());
  auto specs = decode_proxies(*document, Dialect::kToxiproxy);
  if (!specs) return populate_error(specs.error());
  for (ProxySpec& spec : *specs) give_ttl(call, spec.toxics);
  const auto names = call.registry.populate(*std::move(specs), call.names);
  if (!names && names.error().kind == ErrorKind::kNeedsLookup) return Fail(names.error());
  if (!names) return populate_error(names.error());

  std::vector<const ProxySpec*> proxies;
  for (const std::string& name : *names) {
    const auto proxy = call.registry.find(name);
    VERIFY(proxy);
    proxies.push_back(*proxy);
  }
  return json_response(201, R"({"proxies":)" + proxy_list_json(proxies) + "}");
}

Result<HttpResponse> reset(const Call& call) {
  if (const auto done = call.registry.reset(call.names); !done) return Fail(done.error());
  return no_content();
}

Result<HttpResponse> list_toxics(const Call& call) {
  const auto proxy = call.registry.find(call.captured.at(0));
  if (!proxy) return Fail(proxy.error());
  return json_response(200, toxic_list_json(**proxy));
}

Result<HttpResponse> create_toxic(const Call& call) {
  const std::string& name = call.captured.at(0);
  if (const auto proxy = call.registry.find(name); !proxy) return Fail(proxy.error());
  const auto document = parse_json(call.request.body);
  if (!document) return Fail(document.error());
  const auto named = decode_toxic_without_attributes(*document, Dialect::kToxiproxy);
  if (!named) return Fail(named.error());
  if (call.registry.find_toxic(name, named->name)) {
    return fail(ErrorKind::kConflict, "toxic already exists");
  }
  auto spec = decode_toxic(*document, Dialect::kToxiproxy);
  if (!spec) return Fail(spec.error());
  spec->life.ttl = call.toxic_ttl;
  const auto added = call.registry.add_toxic(name, *std::move(spec));
  if (!added) return Fail(added.error());
  return json_response(200, to_json(**added));
}

Result<HttpResponse> get_toxic(const Call& call) {
  const auto toxic = call.registry.find_toxic(call.captured.at(0), call.captured.at(1));
  if (!toxic) return Fail(toxic.error());
  return json_response(200, to_json(**toxic));
}

Result<HttpResponse> update_toxic(const Call& call) {
  const std::string& proxy = call.captured.at(0);
  const std::string& name = call.captured.at(1);
  const auto toxic = call.registry.find_toxic(proxy, name);
  if (!toxic) return Fail(toxic.error());
  const auto document = parse_json(call.request.body);
  if (!document) return Fail(document.error());
  const auto change = decode_toxic_change(*document, **toxic, Dialect::kToxiproxy);
  if (!change) return Fail(change.error());
  const auto updated = call.registry.update_toxic(proxy, name, *change);
  if (!updated) return Fail(updated.error());
  return json_response(200, to_json(**updated));
}

Result<HttpResponse> delete_toxic(const Call& call) {
  const auto removed = call.registry.remove_toxic(call.captured.at(0), call.captured.at(1));
  if (!removed) return Fail(removed.error());
  return no_content();
}

Result<HttpResponse> get_metrics(const Call& call) {
  Metrics metrics{call.registry.stats(), call.workers.loop_lag(), call.workers.memory()};
  metrics.zones = zone_matrix(call.registry.partitions());
  for (const auto& [name, partition] : call.registry.partitions().all()) {
    metrics.partitions.push_back(
        {name, partition.pairs(), call.registry.dropped_packets(partition)});
  }
  return HttpResponse{200,
                      {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                      metrics_text(metrics, call.metric_groups)};
}

Result<HttpResponse> get_health(const Call& /*call*/) {
  return text_response(200, "ok\n");
}

Result<HttpResponse> get_readiness(const Call& call) {
  return call.draining ? text_response(503, "draining\n") : text_response(200, "ready\n");
}

HttpResponse error_response(int status, const std::string& message) {
  return text_response(status, error_json(message, status) + "\n");
}

HttpResponse error_response(const Error& error) {
  return error_response(status_of(error.kind), error.message);
}

}  // namespace faultline
