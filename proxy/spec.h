#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_prefix.h"
#include "base/time.h"
#include "proxy/destination.h"
#include "proxy/partition_part.h"
#include "proxy/protocols.h"
#include "toxics/byte_window.h"
#include "toxics/catalog.h"
#include "toxics/direction.h"
#include "toxics/effects.h"
#include "toxics/ramp.h"
#include "toxics/schedule.h"
#include "toxics/toxic_budget.h"

namespace faultline {

/// A part of the connections, drawn once and kept.
struct ConnectionShare {
  enum class By {
    kOrdinal,  ///< Each connection has a draw of its own, by its number on the proxy.
    kClient,   ///< Those of one IP address have one draw, whatever their ports.
  };

  double share = 1;  ///< 0 to 1.
  By by = By::kOrdinal;

  bool operator==(const ConnectionShare&) const = default;
};

/// Which connections a toxic is for, beside its toxicity. Empty: all.
struct ToxicMatch {
  std::vector<IpPrefix> clients{};          ///< Those whose client's address is in one of these,
  std::vector<std::string> client_zones{};  ///< or its zone is one of these,
  std::vector<IpPrefix> not_clients{};      ///< and in none of these.
  std::vector<DestinationPattern> destinations{};  ///< Those that go to one of these.
  ConnectionCount count{};                         ///< Of those made since the toxic was.
  std::optional<ConnectionShare> share{};

  bool operator==(const ToxicMatch&) const = default;
};

/// A number of a toxic that changes by itself.
struct ToxicRamp {
  int attribute = 0;  ///< Its index in the type.
  Ramp values{};      ///< In its unit, from when the toxic was made.

  bool operator==(const ToxicRamp&) const = default;
};

/// When a toxic is in force. Nothing of it: always.
struct ToxicTiming {
  std::optional<OnOff> pulse{};               ///< From when the toxic was made,
  std::optional<OnOff> poisson{};             ///< for all connections at once.
  TimeWindow time{};                          ///< From when it reached the connection.
  std::optional<ByteWindow::Bounds> bytes{};  ///< Of the link's bytes since then.
  std::optional<ToxicRamp> ramp{};

  bool operator==(const ToxicTiming&) const = default;
};

/// How long a toxic stays, and whose it is.
struct ToxicLife {
  /// From when it was made, or this was last said; kLongest is no end, and so is none.
  std::optional<Duration> ttl{};
  TimePoint ends = kNever;  ///< Once it is on a proxy.
  /// The same as the hour on the wall, for people.
  std::chrono::system_clock::time_point ends_at{};
  std::string lease{};   ///< The id of the lease it ends with; empty: none.
  std::string owner{};   ///< Who answers for it; may be empty.
  std::string reason{};  ///< What it is for; may be empty.

  bool operator==(const ToxicLife&) const = default;
};

/// What becomes of the connections that a toxic is on when it is removed, by
/// whomever. The last of several is the strongest.
enum class OnRemove {
  kResume,  ///< They go on with what it held, unless it has swallowed bytes.
  kClose,   ///< FIN to both sides; what is held is dropped.
  kReset,   ///< RST to both sides.
};

/// How far a toxic reaches, and what its end does.
struct ToxicReach {
  Scope affects = Scope::kBoth;  ///< Its type's own scope has to allow a connection, too.
  OnRemove on_remove = OnRemove::kResume;
  bool shadow = false;  ///< It matches, draws and counts, and does nothing.
  ToxicLimits limits{};

  bool operator==(const ToxicReach&) const = default;
};

/// One toxic as its user described it, checked: what exists is valid.
struct ToxicSpec {
  std::string name;  ///< Unique on its proxy, over both directions. Not empty.
  const ToxicType* type = nullptr;
  Direction direction = Direction::kDownstream;
  /// The direction as the user spelt it ("UpStream"): Toxiproxy's clients get it back so.
  std::string stream_text = "downstream";
  /// The share of connections it applies to. Toxiproxy does not limit it: 1
  /// and more is all, 0 and less none. Finite.
  float toxicity = 1;
  Attributes attributes;  ///< One value per attribute of the type.
  ToxicMatch match{};
  ToxicTiming timing{};
  ToxicLife life{};
  ToxicReach reach{};
  std::optional<PartitionPart> part{};  ///< None of those that somebody put on a proxy.
  /// What carries it out; set once it is on a proxy. Empty for Toxiproxy's types
  /// and others without effects.
  std::optional<Engine> engine{};

  bool operator==(const ToxicSpec&) const = default;
};

/// One proxy as its user described it, checked.
struct ProxySpec {
  std::string name;  ///< Not empty; any bytes.
  /// HOST:PORT, :PORT, [IPV6]:PORT, or unix:/PATH. Once the proxy listens, the
  /// address it got: "127.0.0.1:26379" for "localhost:0". "" is a random wildcard port.
  std::string listen;
  /// HOST:PORT or unix:/PATH; looked up anew for each connection. Empty where its clients say
  /// where they go.
  std::string upstream;
  Protocols protocols{};
  bool enabled = true;
  std::string zone{};             ///< Of the upstream, whatever its address; "": by its address.
  std::string client_zone{};      ///< Of everybody who connects; "": by their addresses.
  std::vector<ToxicSpec> toxics;  ///< In the order they were made, both directions mixed.

  Route route() const { return {upstream, protocols}; }

  bool operator==(const ProxySpec&) const = default;
};

/// What an update of a proxy changes; what is empty stays.
struct ProxyChange {
  std::optional<std::string> listen{};
  std::optional<std::string> upstream{};
  std::optional<bool> enabled{};
};

/// What an update of a toxic changes; what is not named stays.
struct ToxicChange {
  std::map<int, AttributeValue> attributes{};  ///< Index in the type's attributes -> value.
  std::optional<float> toxicity{};
  std::optional<Scope> affects{};
  std::optional<OnRemove> on_remove{};
  std::optional<bool> shadow{};
};

}  // namespace faultline
