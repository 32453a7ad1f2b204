#include "cli/conditions.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/go_number.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;
using Turns = ToxicConditions::Turns;
using WrittenRamp = ToxicConditions::Ramp;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Json turns_json(const Turns& turns) {
  Json json = {{"on", turns.on}, {"off", turns.off}};
  if (!turns.jitter.empty()) json["jitter"] = turns.jitter;
  return json;
}

/// The member `key` as a text, be it a string or a number; "" if there is none.
std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return "";
  if (found->is_number()) return plain_number(found->get<double>());
  return found->is_string() ? found->get<std::string>() : "";
}

/// The strings of the member `key`, if it is a list.
std::vector<std::string> texts_at(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return texts;
  for (const Json& text : *found) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::int64_t count_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

/// The member `key`, if it is an object.
const Json* object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

std::optional<Turns> turns_at(const Json& toxic, const char* key) {
  const Json* turns = object_at(toxic, key);
  if (turns == nullptr) return std::nullopt;
  return Turns{text_in(*turns, "on"), text_in(*turns, "off"), text_in(*turns, "jitter")};
}

/// "30%" of "0.3", to the six decimals that shares have; else the text itself.
std::string percent_of(const std::string& share) {
  double number = 0;
  const char* end = share.data() + share.size();
  const auto parsed = std::from_chars(share.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return share;
  return plain_number(std::round(number * 1e6) / 1e4) + "%";
}

std::string listed(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + text;
  return list;
}

void write_reach(const ToxicConditions& conditions, Json& toxic) {
  if (!conditions.affects.empty()) toxic["affects"] = conditions.affects;
  if (!conditions.on_remove.empty()) toxic["on_remove"] = conditions.on_remove;
  if (conditions.shadow) toxic["shadow"] = true;
  Json limits = Json::object();
  if (conditions.max_connections != 0) limits["max_connections"] = conditions.max_connections;
  if (!conditions.max_share.empty()) limits["max_share"] = conditions.max_share;
  if (!conditions.max_bytes_delayed.empty()) {
    limits["max_bytes_delayed"] = conditions.max_bytes_delayed;
  }
  if (!limits.empty()) toxic["limits"] = limits;
}

void read_reach(const Json& toxic, ToxicConditions& conditions) {
  conditions.affects = text_in(toxic, "affects");
  conditions.on_remove = text_in(toxic, "on_remove");
  const auto shadow = toxic.find("shadow");
  conditions.shadow = shadow != toxic.end() && shadow->is_boolean() && shadow->get<bool>();
  if (const Json* limits = object_at(toxic, "limits")) {
    conditions.max_connections = count_in(*limits, "max_connections");
    conditions.max_share = text_in(*limits, "max_share");
    conditions.max_bytes_delayed = text_in(*limits, "max_bytes_delayed");
  }
}

void add_reach_in_words(const ToxicConditions& conditions, std::vector<std::string>& words) {
  if (!conditions.affects.empty()) words.push_back(conditions.affects + " connections");
  if (!conditions.on_remove.empty()) words.push_back("when removed, " + conditions.on_remove);
  if (conditions.shadow) words.emplace_back("a shadow, does nothing");
  if (conditions.max_connections != 0) {
    words.push_back("ends after " + std::to_string(conditions.max_connections) + " connections");
  }
  if (!conditions.max_share.empty()) {
    words.push_back("ends beyond " + percent_of(conditions.max_share) + " of open connections");
  }
  if (!conditions.max_bytes_delayed.empty()) {
    words.push_back("ends after " + conditions.max_bytes_delayed + " bytes delayed");
  }
}

}  // namespace

Result<Turns> parse_turns(const std::string& text, bool takes_jitter) {
  const std::vector<std::string> parts = split(text, '/');
  if (parts.size() == 2) return Turns{parts[0], parts[1]};
  if (takes_jitter && parts.size() == 3) return Turns{parts[0], parts[1], parts[2]};
  return fail(ErrorKind::kInvalid, "`" + text + "` is not ON/OFF" +
                                       (takes_jitter ? " or ON/OFF/JITTER" : "") +
                                       ": 2s/5s is two seconds in force and five not");
}

Result<WrittenRamp> parse_ramp(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t dots = text.find("..");
  const std::size_t slash = text.rfind('/');
  if (equals == std::string::npos || dots == std::string::npos || slash == std::string::npos ||
      equals > dots || dots > slash) {
    return fail(ErrorKind::kInvalid, "`" + text +
                                         "` is not ATTRIBUTE=FROM..TO/OVER: latency=0..200/60s is "
                                         "a latency that grows to 200 within a minute");
  }
  return WrittenRamp{.attribute = text.substr(0, equals),
                     .from = text.substr(equals + 1, dots - equals - 1),
                     .to = text.substr(dots + 2, slash - dots - 2),
                     .over = text.substr(slash + 1)};
}

void write_conditions(const ToxicConditions& conditions, Json& toxic) {
  Json match = Json::object();
  if (!conditions.clients.empty()) match["clients"] = conditions.clients;
  if (!conditions.not_clients.empty()) match["not_clients"] = conditions.not_clients;
  if (!conditions.destinations.empty()) match["destinations"] = conditions.destinations;
  if (!conditions.share.empty()) match["connections"] = conditions.share;
  if (!conditions.share_by.empty()) match["by"] = conditions.share_by;
  if (conditions.after_connections != 0) match["after"] = conditions.after_connections;
  if (conditions.first != 0) match["first"] = conditions.first;
  if (conditions.every != 0) match["every"] = conditions.every;
  if (!match.empty()) toxic["match"] = match;
  if (conditions.pulse) toxic["pulse"] = turns_json(*conditions.pulse);
  if (conditions.poisson) toxic["poisson"] = turns_json(*conditions.poisson);
  if (!conditions.after.empty()) toxic["after"] = conditions.after;
  if (!conditions.until.empty()) toxic["until"] = conditions.until;
  if (conditions.ramp) {
    const WrittenRamp& ramp = *conditions.ramp;
    toxic["ramp"] = {
        {"attribute", ramp.attribute}, {"from", ramp.from}, {"to", ramp.to}, {"over", ramp.over}};
  }
  write_reach(conditions, toxic);
}

ToxicConditions read_conditions(const Json& toxic) {
  ToxicConditions conditions{.pulse = turns_at(toxic, "pulse"),
                             .poisson = turns_at(toxic, "poisson"),
                             .after = text_in(toxic, "after"),
                             .until = text_in(toxic, "until")};
  if (const Json* match = object_at(toxic, "match")) {
    conditions.clients = texts_at(*match, "clients");
    conditions.not_clients = texts_at(*match, "not_clients");
    conditions.destinations = texts_at(*match, "destinations");
    conditions.share = text_in(*match, "connections");
    conditions.share_by = text_in(*match, "by");
    conditions.after_connections = count_in(*match, "after");
    conditions.first = count_in(*match, "first");
    conditions.every = count_in(*match, "every");
  }
  if (const Json* ramp = object_at(toxic, "ramp")) {
    conditions.ramp = WrittenRamp{text_in(*ramp, "attribute"), text_in(*ramp, "from"),
                                  text_in(*ramp, "to"), text_in(*ramp, "over")};
  }
  read_reach(toxic, conditions);
  return conditions;
}

std::string missing_condition(const ToxicConditions& wanted, const ToxicConditions& described) {
  Json asked = Json::object();
  Json known = Json::object();
  write_conditions(wanted, asked);
  write_conditions(described, known);
  const bool is_at_once = wanted.after.find_first_of("123456789") == std::string::npos;
  if (is_at_once) asked.erase("after");  // Goes without saying.
  for (const auto& [key, value] : asked.items()) {
    if (!known.contains(key)) return key;
  }
  return "";
}

std::vector<std::string> in_words(const ToxicConditions& conditions) {
  std::vector<std::string> words;
  if (!conditions.clients.empty()) words.push_back("clients in " + listed(conditions.clients));
  if (!conditions.not_clients.empty()) {
    words.push_back("clients not in " + listed(conditions.not_clients));
  }
  if (!conditions.destinations.empty()) words.push_back("to " + listed(conditions.destinations));
  if (!conditions.share.empty()) {
    const bool by_client = conditions.share_by == "client";
    words.push_back(percent_of(conditions.share) +
                    (by_client ? " of the clients" : " of the connections"));
  }
  if (conditions.after_connections != 0) {
    words.push_back("behind the first " + std::to_string(conditions.after_connections) +
                    " connections");
  }
  if (conditions.first != 0) {
    words.push_back("first " + std::to_string(conditions.first) + " connections");
  }
  if (conditions.every != 0) {
    words.push_back("one connection in " + std::to_string(conditions.every));
  }
  if (const auto& pulse = conditions.pulse) {
    words.push_back(pulse->on + " on, " + pulse->off + " off" +
                    (pulse->jitter.empty() ? "" : ", give or take " + pulse->jitter));
  }
  if (const auto& poisson = conditions.poisson) {
    words.push_back("at random " + poisson->on + " on, " + poisson->off + " off on average");
  }
  if (!conditions.after.empty()) words.push_back("after " + conditions.after);
  if (!conditions.until.empty()) words.push_back("until " + conditions.until);
  if (const auto& ramp = conditions.ramp) {
    words.push_back(ramp->attribute + " from " + ramp->from + " to " + ramp->to + " over " +
                    ramp->over);
  }
  add_reach_in_words(conditions, words);
  return words;
}

}  // namespace faultline
