#pragma once

#include <string_view>

namespace faultline {

/// Whether a toxic applies to a connection, and if not, what spares it.
enum class Verdict {
  kApplies,
  kScope,        ///< It is for connections made before it, or since, and this is not.
  kClient,       ///< It is for other clients, or it is not known yet who this is.
  kZone,         ///< It is for connections between other zones, or these are not known yet.
  kDestination,  ///< It is for other destinations, or this one is not known yet.
  kCount,        ///< It is for others by their number.
  kTime,         ///< Not yet, or no longer, by the time since it reached the connection.
  kShare,        ///< It is for a share of them, and the draw has spared this one.
  kShadow,       ///< It would, but it is a shadow: it does nothing.
  kLimit,        ///< One of its limits has been reached.
  kToxicity,     ///< The draw has spared it.
  kPulse,        ///< Its pulse, or chance, has turned it off just now, for all.
};

/// In a word: "applies", "scope", "client", "zone", "destination", "count", "time", "share",
/// "shadow", "limit", "toxicity", "pulse".
constexpr std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kApplies:
      return "applies";
    case Verdict::kScope:
      return "scope";
    case Verdict::kClient:
      return "client";
    case Verdict::kZone:
      return "zone";
    case Verdict::kDestination:
      return "destination";
    case Verdict::kCount:
      return "count";
    case Verdict::kTime:
      return "time";
    case Verdict::kShare:
      return "share";
    case Verdict::kShadow:
      return "shadow";
    case Verdict::kLimit:
      return "limit";
    case Verdict::kToxicity:
      return "toxicity";
    case Verdict::kPulse:
      return "pulse";
  }
  return "";
}

}  // namespace faultline
