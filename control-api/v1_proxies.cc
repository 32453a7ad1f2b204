// The operations of /v1 on proxies and their toxics. Each change is a proxy as it should be,
// given to Registry::put(): so it is checked in full first, and can be tried without doing it.

#include <algorithm>
#include <utility>

#include "control-api/url_path.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_life.h"
#include "control-api/v1_patch.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/spec_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;
using Toxics = std::vector<ToxicSpec>;

Fail no_proxy(const V1Call& call) {
  std::vector<std::string> names;
  for (const ProxySpec* proxy : call.registry.list()) names.push_back(proxy->name);
  return no_such("proxy", call.captured.at(0), names);
}

Fail no_toxic_named(const V1Call& call, const ProxySpec& proxy) {
  std::vector<std::string> names;
  for (const ToxicSpec& toxic : proxy.toxics) names.push_back(toxic.name);
  return no_such("toxic", call.captured.at(1), names);
}

/// The proxy in the path.
Result<const ProxySpec*> proxy_of(const V1Call& call) {
  const auto proxy = call.registry.find(call.captured.at(0));
  if (!proxy) return no_proxy(call);
  return proxy;
}

template <class List>
auto find_named(List& toxics, const std::string& name) {
  return std::find_if(toxics.begin(), toxics.end(),
                      [&](const ToxicSpec& toxic) { return toxic.name == name; });
}

/// The toxic in the path, of that proxy.
Result<const ToxicSpec*> toxic_of(const V1Call& call, const ProxySpec& proxy) {
  const auto found = find_named(proxy.toxics, call.captured.at(1));
  if (found == proxy.toxics.end()) return no_toxic_named(call, proxy);
  return &*found;
}

/// The document's name is the path's, or absent.
template <class Spec>
Result<void> is_named(const Spec& spec, const std::string& name) {
  if (spec.name == name) return {};
  return Fail(Error{ErrorKind::kInvalid,
                    "name must be `" + name + "`, as in the path, not `" + spec.name + "`",
                    "/name"});
}

Result<HttpResponse> put_proxy(const V1Call& call, ProxySpec spec) {
  auto put = call.registry.put(std::move(spec), call.names, call.attempt);
  if (!put) return Fail(put.error());
  return v1_json(put->created ? 201 : 200, proxy_view(put->proxy));
}

/// Makes `toxics` those of the proxy, and answers with the one of that name.
Result<HttpResponse> put_toxics(const V1Call& call, ProxySpec proxy, Toxics toxics,
                                const std::string& shown, int status) {
  proxy.toxics = std::move(toxics);
  const auto put = call.registry.put(std::move(proxy), call.names, call.attempt);
  if (!put) return Fail(put.error());
  const auto found = find_named(put->proxy.toxics, shown);
  if (found == put->proxy.toxics.end()) return HttpResponse{204, {}, ""};
  return v1_json(status, toxic_view(*found));
}

std::string path_of(const ProxySpec& proxy) {
  return "/v1/proxies/" + percent_encoded(proxy.name);
}

}  // namespace

Result<HttpResponse> v1_list_proxies(const V1Call& call) {
  Json list = Json::array();
  for (const ProxySpec* proxy : call.registry.list()) list.push_back(proxy_view(*proxy));
  return v1_json(200, {{"proxies", list}});
}

Result<HttpResponse> v1_create_proxy(const V1Call& call) {
  auto spec = decode_proxy(call.body, Dialect::kV1);
  if (!spec) return Fail(spec.error());
  if (call.registry.find(spec->name)) {
    return Fail(Error{ErrorKind::kConflict,
                      "there is a proxy `" + spec->name + "` already: PUT " + path_of(*spec) +
                          " would replace it",
                      "/name"});
  }
  if (auto given = give_ttls(*spec, call.settings, call.state.leases); !given)
    return Fail(given.error());
  const std::string path = path_of(*spec);
  auto response = put_proxy(call, *std::move(spec));
  if (response) response->headers.emplace_back("Location", path);
  return response;
}

Result<HttpResponse> v1_get_proxy(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  return v1_json(200, proxy_view(**proxy));
}

Result<HttpResponse> v1_put_proxy(const V1Call& call) {
  const std::string& name = call.captured.at(0);
  auto spec = decode_proxy(with_name(call.body, name), Dialect::kV1);
  if (!spec) return Fail(spec.error());
  if (auto named = is_named(*spec, name); !named) return Fail(named.error());
  if (auto given = give_ttls(*spec, call.settings, call.state.leases); !given)
    return Fail(given.error());
  return put_proxy(call, *std::move(spec));
}

Result<HttpResponse> v1_patch_proxy(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  auto spec = patched_proxy(**proxy, call.request.body, call.settings, call.state.leases);
  if (!spec) return Fail(spec.error());
  return put_proxy(call, *std::move(spec));
}

Result<HttpResponse> v1_delete_proxy(const V1Call& call) {
  if (const auto proxy = proxy_of(call); !proxy) return Fail(proxy.error());
  if (call.attempt == Registry::Attempt::kApply) {
    if (auto removed = call.registry.remove(call.captured.at(0)); !removed) {
      return Fail(removed.error());
    }
  }
  return HttpResponse{204, {}, ""};
}

Result<HttpResponse> v1_list_toxics(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  return v1_json(200, {{"toxics", proxy_view(**proxy)["toxics"]}});
}

Result<HttpResponse> v1_create_toxic(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  auto toxic = decode_toxic(call.body, Dialect::kV1);
  if (!toxic) return Fail(toxic.error());
  Toxics toxics = (*proxy)->toxics;
  if (find_named(toxics, toxic->name) != toxics.end()) {
    return Fail(Error{ErrorKind::kConflict,
                      "proxy `" + (*proxy)->name + "` has a toxic `" + toxic->name + "` already",
                      "/name"});
  }
  if (auto given = give_ttl(*toxic, call.settings, call.state.leases, ""); !given)
    return Fail(given.error());
  const std::string name = toxic->name;
  const std::string path = path_of(**proxy) + "/toxics/" + percent_encoded(name);
  toxics.push_back(*std::move(toxic));
  auto response = put_toxics(call, **proxy, std::move(toxics), name, 201);
  if (response) response->headers.emplace_back("Location", path);
  return response;
}

Result<HttpResponse> v1_get_toxic(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  const auto toxic = toxic_of(call, **proxy);
  if (!toxic) return Fail(toxic.error());
  return v1_json(200, toxic_view(**toxic));
}

Result<HttpResponse> v1_put_toxic(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  const std::string& name = call.captured.at(1);
  auto toxic = decode_toxic(with_name(call.body, name), Dialect::kV1);
  if (!toxic) return Fail(toxic.error());
  if (auto named = is_named(*toxic, name); !named) return Fail(named.error());
  if (auto given = give_ttl(*toxic, call.settings, call.state.leases, ""); !given)
    return Fail(given.error());
  Toxics toxics = (*proxy)->toxics;
  const auto old = find_named(toxics, name);
  const bool is_new = old == toxics.end();
  if (is_new) {
    toxics.push_back(*std::move(toxic));
  } else {
    *old = *std::move(toxic);
  }
  return put_toxics(call, **proxy, std::move(toxics), name, is_new ? 201 : 200);
}

Result<HttpResponse> v1_patch_toxic(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  const auto present = toxic_of(call, **proxy);
  if (!present) return Fail(present.error());
  auto toxic = patched_toxic(**present, call.request.body, call.settings, call.state.leases);
  if (!toxic) return Fail(toxic.error());
  const std::string name = toxic->name;
  Toxics toxics = (*proxy)->toxics;
  *find_named(toxics, name) = *std::move(toxic);
  return put_toxics(call, **proxy, std::move(toxics), name, 200);
}

Result<HttpResponse> v1_delete_toxic(const V1Call& call) {
  const auto proxy = proxy_of(call);
  if (!proxy) return Fail(proxy.error());
  const auto present = toxic_of(call, **proxy);
  if (!present) return Fail(present.error());
  const std::string name = (*present)->name;
  Toxics toxics = (*proxy)->toxics;
  toxics.erase(find_named(toxics, name));
  return put_toxics(call, **proxy, std::move(toxics), name, 204);
}

}  // namespace faultline
