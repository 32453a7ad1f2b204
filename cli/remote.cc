#include "cli/remote.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/registry.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

std::string proxy_path(std::string_view proxy) {
  return "/proxies/" + path_segment(proxy);
}

std::string toxic_path(std::string_view proxy, std::string_view toxic) {
  return proxy_path(proxy) + "/toxics/" + path_segment(toxic);
}

/// Not the API we know: another program answers at the address.
Fail not_understood() {
  return fail(ErrorKind::kNetwork, "what answers there is neither Faultline nor Toxiproxy");
}

/// The member `key` of `object`, or `or_else` if it is absent or of another type.
template <class T>
T member(const Json& object, const char* key, T or_else) {
  const auto found = object.find(key);
  if (found == object.end()) return or_else;
  const T* value = found->template get_ptr<const T*>();
  return value == nullptr ? or_else : *value;
}

double number(const Json& object, const char* key, double or_else) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : or_else;
}

std::string indented(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RemoteToxic read_toxic(const Json& json) {
  RemoteToxic toxic;
  toxic.name = member<std::string>(json, "name", "");
  toxic.type = member<std::string>(json, "type", "");
  toxic.stream = member<std::string>(json, "stream", "");
  toxic.toxicity = number(json, "toxicity", 1);
  if (const auto attributes = json.find("attributes");
      attributes != json.end() && attributes->is_object()) {
    for (const auto& [name, value] : attributes->items()) {
      if (value.is_number()) toxic.attributes[name] = value.get<double>();
      if (value.is_string()) toxic.attributes[name] = value.get<std::string>();
    }
  }
  toxic.engine = member<std::string>(json, "engine", "");
  toxic.conditions = read_conditions(json);
  toxic.json = indented(json);
  return toxic;
}

RemoteProxy read_proxy(const Json& json) {
  RemoteProxy proxy;
  proxy.name = member<std::string>(json, "name", "");
  proxy.listen = member<std::string>(json, "listen", "");
  proxy.upstream = member<std::string>(json, "upstream", "");
  proxy.enabled = member<bool>(json, "enabled", false);
  if (const auto toxics = json.find("toxics"); toxics != json.end() && toxics->is_array()) {
    for (const Json& toxic : *toxics) {
      if (toxic.is_object()) proxy.toxics.push_back(read_toxic(toxic));
    }
  }
  proxy.json = indented(json);
  return proxy;
}

/// `body` as an object, taken apart by `read`.
template <class Read>
auto parsed(const Result<std::string>& body, Read read) -> Result<decltype(read(Json()))> {
  if (!body) return Fail(body.error());
  const Json json = Json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return not_understood();
  return read(json);
}

ErrorKind kind_of(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  return status == 409 ? ErrorKind::kConflict : ErrorKind::kInvalid;
}

}  // namespace

Result<std::string> Remote::call(std::string_view method, const std::string& path,
                                 const std::string& body) const {
  auto response = client_.request(method, path, body);
  if (!response) {
    return fail(ErrorKind::kNetwork, "cannot reach Faultline at " + client_.url().text + ": " +
                                         response.error().message +
                                         "; `faultline serve` starts one, --host names another");
  }
  if (response->status >= 200 && response->status < 300) return std::move(response->body);
  const Json json = Json::parse(response->body, nullptr, /*allow_exceptions=*/false);
  std::string reason = json.is_object() ? member<std::string>(json, "error", "") : response->body;
  while (!reason.empty() && reason.back() == '\n') reason.pop_back();
  const bool is_halted = response->status == 409 && reason.starts_with(kAreHalted);
  return fail(is_halted ? ErrorKind::kHalted : kind_of(response->status),
              "HTTP " + std::to_string(response->status) + ": " + reason);
}

Result<RemoteProxies> Remote::list() const {
  return parsed(call("GET", "/proxies"), [](const Json& json) {
    RemoteProxies all;
    for (const auto& [name, proxy] : json.items()) {
      if (proxy.is_object()) all.proxies.push_back(read_proxy(proxy));
    }
    all.json = indented(json);
    return all;
  });
}

Result<RemoteProxy> Remote::find(std::string_view proxy) const {
  return parsed(call("GET", proxy_path(proxy)), read_proxy);
}

Result<RemoteProxy> Remote::create(const std::string& name, const std::string& listen,
                                   const std::string& upstream) const {
  const Json body = {{"name", name}, {"listen", listen}, {"upstream", upstream}, {"enabled", true}};
  return parsed(call("POST", "/proxies", compact(body)), read_proxy);
}

Result<RemoteProxy> Remote::set_enabled(std::string_view proxy, bool enabled) const {
  const Json body = {{"enabled", enabled}};
  return parsed(call("POST", proxy_path(proxy), compact(body)), read_proxy);
}

Result<void> Remote::remove(std::string_view proxy) const {
  const auto body = call("DELETE", proxy_path(proxy));
  if (!body) return Fail(body.error());
  return {};
}

Result<void> Remote::reset() const {
  const auto body = call("POST", "/reset");
  if (!body) return Fail(body.error());
  return {};
}

Result<RemoteToxic> Remote::add_toxic(std::string_view proxy, const NewToxic& toxic) const {
  auto added =
      parsed(call("POST", proxy_path(proxy) + "/toxics", compact(to_json(toxic))), read_toxic);
  if (!added) return added;
  const std::string missing = missing_condition(toxic.conditions, added->conditions);
  if (missing.empty()) return added;
  const auto removed = remove_toxic(proxy, added->name);
  return fail(ErrorKind::kInvalid,
              "this server does not know " + missing +
                  (removed ? ": the toxic is taken away again"
                           : "; `" + added->name + "` is left: " + removed.error().message));
}

Result<RemoteToxic> Remote::update_toxic(std::string_view proxy, std::string_view toxic,
                                         const WrittenAttributes& attributes,
                                         std::optional<double> toxicity) const {
  Json body = {{"attributes", to_json(attributes)}};
  if (toxicity) body["toxicity"] = *toxicity;
  return parsed(call("PATCH", toxic_path(proxy, toxic), compact(body)), read_toxic);
}

Result<void> Remote::remove_toxic(std::string_view proxy, std::string_view toxic) const {
  const auto body = call("DELETE", toxic_path(proxy, toxic));
  if (!body) return Fail(body.error());
  return {};
}

Result<std::string> Remote::version() const {
  return parsed(call("GET", "/version"), [](const Json& json) {
    const auto own = member<std::string>(json, "faultline", "");
    const auto compatible = member<std::string>(json, "version", "unknown");
    return own.empty() ? "Toxiproxy " + compatible
                       : "faultline " + own + " (API of Toxiproxy " + compatible + ")";
  });
}

}  // namespace faultline
