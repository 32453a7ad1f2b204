#include "cli/top_model.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/toxic_sentence.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// The entry called `name`; an empty object if there is none.
Json entry_named(const Json& list, const std::string& name) {
  for (const Json& entry : list) {
    if (entry.value("name", std::string()) == name) return entry;
  }
  return Json::object();
}

TopToxic read_toxic(const Json& toxic, const Json& counts) {
  const std::string type = text_at(toxic, "type");
  const std::string sentence = toxic_sentence(toxic);
  // "latency 200ms, ..." says the type already.
  return {.name = text_at(toxic, "name"),
          .what = sentence.starts_with(type + " ") ? sentence : type + ": " + sentence,
          .matched = count_at(counts, "matched"),
          .applied = count_at(counts, "applied")};
}

}  // namespace

std::optional<TopRates> TopMeter::rates_between(const Counters& before, const Counters& after) {
  const double seconds = std::chrono::duration<double>(after.at - before.at).count();
  if (seconds <= 0 || after.connections < before.connections || after.up < before.up ||
      after.down < before.down) {
    return std::nullopt;
  }
  const auto rate = [seconds](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / seconds;
  };
  return TopRates{rate(before.connections, after.connections), rate(before.up, after.up),
                  rate(before.down, after.down)};
}

std::vector<TopProxy> TopMeter::read(const Json& proxies, const Json& stats, Time now) {
  constexpr std::chrono::milliseconds kShortest{500};
  std::vector<TopProxy> read;
  std::map<std::string, Counters> seen;
  const Json all_counts = stats.value("proxies", Json::array());
  for (const Json& described : proxies.value("proxies", Json::array())) {
    TopProxy proxy{.name = described.value("name", std::string()),
                   .listen = text_at(described, "listen"),
                   .upstream = text_at(described, "upstream"),
                   .enabled = described.value("enabled", false),
                   .open = 0,
                   .rates = std::nullopt,
                   .toxics = {}};
    const Json counts = entry_named(all_counts, proxy.name);
    proxy.open = count_at(counts, "connections_active");
    const Json sent = counts.value("sent_bytes", Json::object());
    Counters counters{.at = now,
                      .connections = count_at(counts, "connections_total"),
                      .up = count_at(sent, "upstream"),
                      .down = count_at(sent, "downstream")};
    const auto before = last_.find(proxy.name);
    if (before != last_.end()) {
      counters.rates = rates_between(before->second, counters);
      if (now - before->second.at < kShortest) counters = before->second;
    }
    proxy.rates = counters.rates;
    seen[proxy.name] = counters;
    const Json toxic_counts = counts.value("toxics", Json::array());
    for (const Json& toxic : described.value("toxics", Json::array())) {
      proxy.toxics.push_back(
          read_toxic(toxic, entry_named(toxic_counts, toxic.value("name", std::string()))));
    }
    read.push_back(std::move(proxy));
  }
  last_ = std::move(seen);
  return read;
}

std::vector<TopConnection> read_connections(const Json& page) {
  std::vector<TopConnection> connections;
  for (const Json& one : page.value("connections", Json::array())) {
    TopConnection connection{.id = text_at(one, "id"),
                             .client = text_at(one, "client"),
                             .age = text_at(one, "age"),
                             .toxics = ""};
    for (const Json& toxic : one.value("toxics", Json::array())) {
      if (!toxic.value("in_force", false)) continue;
      connection.toxics += (connection.toxics.empty() ? "" : ", ") + text_at(toxic, "name");
    }
    connections.push_back(std::move(connection));
  }
  return connections;
}

}  // namespace faultline
