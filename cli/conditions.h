#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline {

/// When a toxic is in force and for whom, as its user or a server writes it:
/// texts are durations ("2s"), sizes and numbers. What is empty or 0 is not said.
struct ToxicConditions {
  struct Turns {
    std::string on;
    std::string off;
    std::string jitter{};
  };
  struct Ramp {
    std::string attribute;
    std::string from;
    std::string to;
    std::string over;
  };

  std::vector<std::string> clients{};       ///< Addresses or prefixes.
  std::vector<std::string> not_clients{};   ///< The same.
  std::vector<std::string> destinations{};  ///< As DestinationPattern has them.
  std::string share{};                      ///< "30%" or "0.3".
  std::string share_by{};                   ///< "client" or "ordinal".
  std::int64_t after_connections = 0;
  std::int64_t first = 0;
  std::int64_t every = 0;
  std::optional<Turns> pulse{};
  std::optional<Turns> poisson{};
  std::string after{};
  std::string until{};
  std::optional<Ramp> ramp{};
  std::string affects{};    ///< "new" or "open".
  std::string on_remove{};  ///< "close" or "reset".
  bool shadow = false;
  std::int64_t max_connections = 0;
  std::string max_share{};
  std::string max_bytes_delayed{};
};

/// Takes apart "2s/5s", and "2s/5s/500ms" where `takes_jitter`. Errors: kInvalid.
Result<ToxicConditions::Turns> parse_turns(const std::string& text, bool takes_jitter);

/// Takes apart "latency=0..200/60s". Errors: kInvalid.
Result<ToxicConditions::Ramp> parse_ramp(const std::string& text);

/// Adds `match`, `pulse`, `poisson`, `after`, `until`, `ramp`, `affects`, `on_remove`,
/// `shadow` and `limits` to a toxic, as far as said.
void write_conditions(const ToxicConditions& conditions, nlohmann::ordered_json& toxic);

/// What a server's description of a toxic says about them; what is not understood is left out.
ToxicConditions read_conditions(const nlohmann::ordered_json& toxic);

/// The first condition that is `wanted` and that a server's description does not
/// have, by its key; "" if it has all. Toxiproxy knows none.
std::string missing_condition(const ToxicConditions& wanted, const ToxicConditions& described);

/// One clause for each: "first 10 connections", "2s on, 5s off", "latency from 0 to 200 over 60s".
std::vector<std::string> in_words(const ToxicConditions& conditions);

}  // namespace faultline
