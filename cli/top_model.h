#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/matrix_model.h"

namespace faultline {

struct TopToxic {
  std::string name;
  std::string what;  ///< "latency 200ms, answers, until 14:05:12 (5m)", "stall: ...".
  std::uint64_t matched = 0;
  std::uint64_t applied = 0;
};

/// Per second.
struct TopRates {
  double connections = 0;
  double up = 0;    ///< Bytes that reached the upstream,
  double down = 0;  ///< and the client.
};

struct TopProxy {
  std::string name;  ///< As it is, which may not be printable; all else is.
  std::string listen;
  std::string upstream;
  bool enabled = false;
  std::uint64_t open = 0;
  std::optional<TopRates> rates;  ///< None as long as it was seen only once.
  std::vector<TopToxic> toxics;
};

struct TopConnection {
  std::string id;
  std::string client;
  std::string age;
  std::string toxics;  ///< Those in force: "slow, lag".
};

/// What `top` shows.
struct TopModel {
  std::string server;  ///< As --host has it.
  std::vector<TopProxy> proxies;
  std::vector<MatrixPartition> partitions;
  std::size_t selected = 0;                ///< Index in `proxies`.
  std::vector<TopConnection> connections;  ///< Of the selected proxy.
  std::string said;                        ///< What the last key has done, or what is wrong.
  bool is_trouble = false;                 ///< `said` is what is wrong.
};

/// Makes rates of the counters that a server shows, from one look to the next.
class TopMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `proxies` and `stats` are the answers of /v1/proxies and /v1/stats, at `now`. A counter that
  /// has become smaller is another's, of a proxy made anew: no rate. Looks that are less than half
  /// a second apart, because of a key, have the rates of the one before. May throw Json's
  /// exceptions.
  std::vector<TopProxy> read(const nlohmann::ordered_json& proxies,
                             const nlohmann::ordered_json& stats, Time now);

 private:
  struct Counters {
    Time at;
    std::uint64_t connections = 0;
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    std::optional<TopRates> rates{};  ///< Since the look before `at`.
  };
  static std::optional<TopRates> rates_between(const Counters& before, const Counters& after);

  std::map<std::string, Counters> last_;
};

/// The answer of /v1/connections. May throw Json's exceptions.
std::vector<TopConnection> read_connections(const nlohmann::ordered_json& page);

}  // namespace faultline
