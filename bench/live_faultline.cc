#include "bench/live_faultline.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "bench/metric.h"
#include "bench/poller.h"
#include "control-api/json_writer.h"

namespace faultline::bench {

namespace {

constexpr int kLooks = 100;
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

/// What stands between `before` and the next quote; "" if `before` is not there.
std::string quoted_after(const std::string& before, const std::string& text) {
  const std::size_t start = text.find(before);
  if (start == std::string::npos) return "";
  const std::size_t first = start + before.size();
  return text.substr(first, text.find('"', first) - first);
}

/// The address in the log line that says where the control API listens; "" before it is there.
std::string api_address(const std::string& log) {
  const std::size_t line = log.find("\"control API listens\"");
  return line == std::string::npos ? "" : quoted_after("\"address\":\"", log.substr(line));
}

std::string attributes_json(const ToxicAttributes& attributes) {
  std::string members;
  for (const ToxicAttribute& attribute : attributes) {
    if (!members.empty()) members += ",";
    const auto* number = std::get_if<std::int64_t>(&attribute.value);
    members += json_string(attribute.name) + ":" +
               (number != nullptr ? std::to_string(*number)
                                  : json_string(std::get<std::string>(attribute.value)));
  }
  return "{" + members + "}";
}

}  // namespace

Result<LiveFaultline> LiveFaultline::find(const LaunchedProxy& proxy) {
  std::string address;
  for (int look = 0; look < kLooks && address.empty(); ++look) {
    address = api_address(proxy.log());
    if (address.empty()) std::this_thread::sleep_for(kBetweenLooks);
  }
  if (address.empty()) return fail(ErrorKind::kNetwork, "faultline does not say where its API is");
  auto url = parse_api_url("http://" + address);
  if (!url) return Fail(url.error());
  return LiveFaultline(ApiClient(*std::move(url)));
}

Result<std::uint16_t> LiveFaultline::add_proxy(const std::string& name, std::uint16_t upstream_port,
                                               const std::string& zone) const {
  const auto answer = call(
      "POST", "/v1/proxies",
      "{\"name\":" + json_string(name) + ",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:" +
          std::to_string(upstream_port) + "\",\"zone\":" + json_string(zone) + "}");
  if (!answer) return Fail(answer.error());
  const std::string port = quoted_after("\"listen\":\"127.0.0.1:", *answer);
  return static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
}

Result<Duration> LiveFaultline::remove_proxy(const std::string& name) const {
  return time("DELETE", "/proxies/" + name, "");
}

LiveFaultline LiveFaultline::on(const std::string& proxy) const {
  LiveFaultline other(*this);
  other.proxy_ = proxy;
  return other;
}

std::string LiveFaultline::toxics_path() const {
  return "/proxies/" + proxy_ + "/toxics";
}

Result<Duration> LiveFaultline::add_toxic(const ToxicRequest& toxic) const {
  std::string clients;
  for (const std::string& prefix : toxic.clients) {
    clients += (clients.empty() ? "" : ",") + json_string(prefix);
  }
  const std::string match = clients.empty() ? "" : ",\"match\":{\"clients\":[" + clients + "]}";
  const std::string stream = toxic.stream.empty() ? "" : ",\"stream\":" + json_string(toxic.stream);
  return time("POST", toxics_path(),
              "{\"name\":" + json_string(toxic.name.empty() ? toxic.type : toxic.name) +
                  ",\"type\":" + json_string(toxic.type) + stream + match +
                  ",\"toxicity\":" + format_number(toxic.toxicity) +
                  ",\"attributes\":" + attributes_json(toxic.attributes) + "}");
}

Result<Duration> LiveFaultline::update_toxic(const std::string& name,
                                             const ToxicAttributes& attributes) const {
  return time("POST", toxics_path() + "/" + name,
              "{\"attributes\":" + attributes_json(attributes) + "}");
}

Result<Duration> LiveFaultline::remove_toxic(const std::string& name) const {
  return time("DELETE", toxics_path() + "/" + name, "");
}

Result<std::string> LiveFaultline::call(const char* method, const std::string& path,
                                        const std::string& body) const {
  const auto response = api_.request(method, path, body);
  if (!response) return Fail(response.error());
  constexpr int kFirstNotSuccess = 300;
  if (response->status >= kFirstNotSuccess) {
    return fail(ErrorKind::kInvalid, std::string(method) + " " + path + ": HTTP " +
                                         std::to_string(response->status) + " " + response->body);
  }
  return response->body;
}

Result<Duration> LiveFaultline::time(const char* method, const std::string& path,
                                     const std::string& body) const {
  const TimePoint before = now();
  const auto answer = call(method, path, body);
  const Duration took = now() - before;
  if (!answer) return Fail(answer.error());
  return took;
}

std::uint64_t number_in(const std::string& json, const std::string& key) {
  const std::string before = "\"" + key + "\":";
  const std::size_t at = json.find(before);
  if (at == std::string::npos) return 0;
  return std::strtoull(json.c_str() + at + before.size(), nullptr, 10);
}

}  // namespace faultline::bench
