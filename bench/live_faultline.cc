#include "bench/live_faultline.h"

#include <chrono>
#include <thread>

#include "bench/poller.h"

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

Result<Duration> LiveFaultline::add_toxic(const std::string& type, const std::string& attribute,
                                          std::int64_t value) const {
  return call("POST", kToxics,
              R"({"name":")" + type + R"(","type":")" + type +
                  R"(","stream":"downstream","attributes":{")" + attribute + R"(":)" +
                  std::to_string(value) + "}}");
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
