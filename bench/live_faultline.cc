#include "bench/live_faultline.h"

#include <chrono>
#include <thread>
#include <utility>

#include "bench/poller.h"
#include "control-api/json_writer.h"

namespace faultline::bench {

namespace {

constexpr int kLooks = 100;
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);
const std::string kToxics = "/proxies/bench/toxics";

/// The address in the log line that says where the control API listens; "" before it is there.
std::string api_address(const std::string& log) {
  const std::size_t line = log.find("\"control API listens\"");
  const std::string key = "\"address\":\"";
  const std::size_t start = log.find(key, line);
  if (line == std::string::npos || start == std::string::npos) return "";
  const std::size_t first = start + key.size();
  return log.substr(first, log.find('"', first) - first);
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

Result<Duration> LiveFaultline::add_toxic(const ToxicRequest& toxic) const {
  const std::string type = json_string(toxic.type);
  return call("POST", kToxics,
              "{\"name\":" + type + ",\"type\":" + type +
                  ",\"stream\":\"downstream\",\"attributes\":" + attributes_json(toxic.attributes) +
                  "}");
}

Result<Duration> LiveFaultline::remove_toxic(const std::string& type) const {
  return call("DELETE", kToxics + "/" + type, "");
}

Result<Duration> LiveFaultline::call(const char* method, const std::string& path,
                                     const std::string& body) const {
  const TimePoint before = now();
  const auto response = api_.request(method, path, body);
  const Duration took = now() - before;
  if (!response) return Fail(response.error());
  constexpr int kFirstNotSuccess = 300;
  if (response->status >= kFirstNotSuccess) {
    return fail(ErrorKind::kInvalid, std::string(method) + " " + path + ": HTTP " +
                                         std::to_string(response->status) + " " + response->body);
  }
  return took;
}

}  // namespace faultline::bench
