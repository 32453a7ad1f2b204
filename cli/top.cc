#include "cli/top.h"

#include <algorithm>
#include <utility>

#include "cli/cut_proof.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

Result<void> Top::refresh() {
  Result<void> looked = fail(ErrorKind::kNetwork, "what answers there is no Faultline");
  try {
    looked = look();
  } catch (const Json::exception&) {
    looked = fail(ErrorKind::kNetwork, "what answers there is no Faultline");
  }
  if (looked) {
    if (is_lost_) say("it is back");
    was_there_ = true;
    is_lost_ = false;
    return {};
  }
  if (!was_there_) return looked;
  is_lost_ = true;
  say_trouble(looked.error());
  return {};
}

Result<void> Top::look() {
  const auto proxies = remote_.call("GET", "/v1/proxies");
  if (!proxies) return Fail(proxies.error());
  const auto stats = remote_.call("GET", "/v1/stats");
  if (!stats) return Fail(stats.error());
  const std::string selected =
      model_.selected < model_.proxies.size() ? model_.proxies[model_.selected].name : "";
  model_.proxies = meter_.read(*proxies, *stats, std::chrono::steady_clock::now());
  const auto same = std::find_if(model_.proxies.begin(), model_.proxies.end(),
                                 [&](const TopProxy& proxy) { return proxy.name == selected; });
  const bool is_there = same != model_.proxies.end();
  select(is_there ? static_cast<std::size_t>(same - model_.proxies.begin()) : model_.selected);
  auto partitions = look_at_partitions(remote_);
  // A server without them is an older one.
  if (!partitions && partitions.error().kind != ErrorKind::kNotFound) {
    return Fail(partitions.error());
  }
  model_.partitions = partitions ? *std::move(partitions) : std::vector<MatrixPartition>();
  model_.connections.clear();
  if (model_.proxies.empty()) return {};
  const auto page = remote_.call(
      "GET", "/v1/connections" +
                 query_of({{"proxy", model_.proxies[model_.selected].name}, {"limit", "100"}}));
  if (!page) return Fail(page.error());
  model_.connections = read_connections(*page);
  return {};
}

void Top::select(std::size_t index) {
  const std::size_t last = model_.proxies.empty() ? 0 : model_.proxies.size() - 1;
  if (model_.selected != std::min(index, last)) model_.connections.clear();
  model_.selected = std::min(index, last);
}

bool Top::press(char key) {
  if (key == 'q') return false;
  if (model_.proxies.empty()) return true;
  const std::size_t selected = model_.selected;
  if (key == 'j') select(selected + 1);
  if (key == 'k') select(selected == 0 ? 0 : selected - 1);
  if (key == 'c') cut(model_.proxies[selected]);
  if (key == 'h') heal(model_.proxies[selected]);
  if (key == 'H') heal_all();
  return true;
}

void Top::cut(const TopProxy& proxy) {
  const auto done = remote_.call("PATCH", v1_proxy_path(proxy.name), {{"enabled", false}});
  if (!done) return say_trouble(done.error());
  say(printable(proxy.name) + ": cut; " + counted(proxy.open, "connection") + " closed");
}

bool Top::heal(const TopProxy& proxy) {
  const auto done = remote_.call("PATCH", v1_proxy_path(proxy.name),
                                 {{"enabled", true}, {"toxics", Json::array()}});
  if (!done) {
    say_trouble(done.error());
    return false;
  }
  say(printable(proxy.name) + ": enabled; " + counted(proxy.toxics.size(), "toxic") + " removed");
  return true;
}

void Top::heal_all() {
  std::size_t toxics = 0;
  for (const TopProxy& proxy : model_.proxies) {
    if (!heal(proxy)) return;
    toxics += proxy.toxics.size();
  }
  for (const MatrixPartition& partition : model_.partitions) {
    const auto done = remote_.call("DELETE", v1_partition_path(partition.name));
    // One that has ended meanwhile is healed.
    if (!done && done.error().kind != ErrorKind::kNotFound) return say_trouble(done.error());
  }
  const std::size_t healed = model_.partitions.size();
  say("all proxies enabled; " + counted(toxics, "toxic") + " removed" +
      (healed == 0 ? "" : "; " + counted(healed, "partition") + " healed"));
}

void Top::say(std::string text) {
  model_.said = std::move(text);
  model_.is_trouble = false;
}

void Top::say_trouble(const Error& error) {
  model_.said = printable(error.message);
  model_.is_trouble = true;
}

}  // namespace faultline
