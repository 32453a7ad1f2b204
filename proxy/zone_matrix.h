#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

/// One direction between two zones, as the partitions have it now.
struct ZoneCell {
  enum class State {
    kOk,
    kSuffers,  ///< What passes is slow, or loses packets.
    kPartial,  ///< Cut for some connections: a share of them, the new, the open, or by turns.
    kCut,      ///< Nothing passes.
  };

  std::string from;
  std::string to;
  State state = State::kOk;
  std::vector<std::string> partitions{};  ///< Their names, in order.
  std::uint64_t connections = 0;          ///< Dialled this way, whose upstream was reached; ever.
  std::uint64_t open = 0;                 ///< Of these: live.
  std::uint64_t bytes = 0;                ///< Sent this way, whoever dialled.
  std::uint64_t cut_connections = 0;      ///< Dialled this way, that partitions are or were on.
  std::uint64_t crossed_bytes = 0;        ///< What partitions should have kept.
  std::uint64_t crossed_connections = 0;
};

/// "ok", "suffers", "partial", "cut".
constexpr std::string_view to_string(ZoneCell::State state) {
  switch (state) {
    case ZoneCell::State::kOk:
      return "ok";
    case ZoneCell::State::kSuffers:
      return "suffers";
    case ZoneCell::State::kPartial:
      return "partial";
    case ZoneCell::State::kCut:
      return "cut";
  }
  return "";
}

class Partitions;

/// From each zone to each, "none" the last, row by row; a zone to itself too. Empty without zones.
std::vector<ZoneCell> zone_matrix(const Partitions& partitions);

}  // namespace faultline
