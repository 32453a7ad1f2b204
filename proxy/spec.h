#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "toxics/catalog.h"

namespace faultline {

/// One direction of a connection: client to server, or server to client.
enum class Direction { kUpstream, kDownstream };

/// "upstream" or "downstream".
std::string_view to_string(Direction direction);

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

  bool operator==(const ToxicSpec&) const = default;
};

/// One proxy as its user described it, checked.
struct ProxySpec {
  std::string name;  ///< Not empty; any bytes.
  /// HOST:PORT, :PORT, [IPV6]:PORT, or unix:/PATH. Once the proxy listens, the
  /// address it got: "127.0.0.1:26379" for "localhost:0". "" is a random wildcard port.
  std::string listen;
  std::string upstream;  ///< HOST:PORT or unix:/PATH; looked up anew for each connection.
  bool enabled = true;
  std::vector<ToxicSpec> toxics;  ///< In the order they were made, both directions mixed.

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
};

}  // namespace faultline
