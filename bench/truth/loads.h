#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "bench/truth/cell.h"
#include "bench/truth/wire.h"

namespace faultline::bench::truth {

/// How much is asked of each link.
struct LoadPlan {
  Duration requests{};       ///< How long exchanges are begun...
  Duration patience{};       ///< ...and how long the last of them may take.
  std::size_t echoes = 0;    ///< About; fewer where many are late.
  std::size_t fetches = 0;   ///< Of each size.
  std::size_t connects = 0;  ///< Connections for one echo each.
  Duration bulk_warm_up{};
  Duration bulk{};
};

/// Where a cell's clients connect to, and with what.
struct LoadTarget {
  Cell cell;
  Endpoint to;
};

/// What was seen on one link. Times in milliseconds.
struct CellSamples {
  std::vector<double> echo;          ///< Request and answer of 64 bytes on an idle connection.
  std::vector<double> connect;       ///< connect() alone, of all connections.
  std::vector<double> connect_echo;  ///< From connect() to the first answer of 64 bytes.
  std::vector<double> small_fetch;   ///< 10 KB on a fresh connection, connect() included.
  std::vector<double> small_fetch_after_connect;
  std::vector<double> large_fetch;  ///< The same with 100 KB.
  std::vector<double> large_fetch_after_connect;
  std::vector<double> bulk;    ///< Mbit/s of payload, of each second of each flow.
  std::size_t unfinished = 0;  ///< Exchanges that were not over when patience was.
  std::size_t broken = 0;      ///< Connections that failed.
  std::string first_failure;   ///< Of those.
};

/// How the loads are made.
struct LoadSettings {
  LoadPlan plan;
  std::string congestion;
  std::uint64_t seed = 0;  ///< For when exchanges begin.
};

/// Echoes, fetches and connects on all targets at once. Blocks. `samples` has an
/// entry for each target; these are added to.
void run_requests(const std::vector<LoadTarget>& targets, const LoadSettings& settings,
                  std::vector<CellSamples>& samples);

/// Bulk flows on all targets at once, more of them where round trips are longer
/// and there is less to count. Blocks. As above.
void run_bulk(const std::vector<LoadTarget>& targets, const LoadSettings& settings,
              std::vector<CellSamples>& samples);

/// How many flows a cell gets: where nothing is lost, one, which has the line to itself.
std::size_t bulk_flows(const Cell& cell);

}  // namespace faultline::bench::truth
