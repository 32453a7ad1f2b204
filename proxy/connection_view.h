#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/connection_id.h"
#include "proxy/verdict.h"
#include "proxy/wall_time.h"
#include "toxics/direction.h"

namespace faultline {

/// How far a connection has come.
enum class ConnectionState {
  kGreeting,              ///< Its client has yet to say who it is, or where it wants to go.
  kDialling,              ///< Its upstream is being dialled.
  kHeld,                  ///< A toxic keeps its upstream from being dialled, for now or for good.
  kOpen,                  ///< Both links flow.
  kHalfClosedUpstream,    ///< The client has ended its side, or a toxic has for it.
  kHalfClosedDownstream,  ///< The same of the upstream.
  kClosing,               ///< Both links have ended; what is left is delivered.
};

/// "greeting", "dialling", "held", "open", "half-closed-upstream", "half-closed-downstream",
/// "closing".
std::string_view to_string(ConnectionState state);

/// As to_string() writes it. Errors: kInvalid, with those there are.
Result<ConnectionState> parse_connection_state(std::string_view text);

/// How both sides are told of an end that neither has asked for: FIN or RST.
enum class Farewell { kFinish, kReset };

/// The bytes of one link of a connection.
struct LinkView {
  std::uint64_t received_bytes = 0;  ///< Read from its source.
  std::uint64_t sent_bytes = 0;      ///< Written to its destination.
  std::uint64_t held_bytes = 0;      ///< Held by toxics, or let go and not yet taken.
  std::uint64_t waiting_bytes = 0;   ///< Which no toxic holds: the destination takes no more.

  bool operator==(const LinkView&) const = default;
};

/// One toxic of a proxy, as one of its connections meets it. The bytes are those
/// of both links, since the toxic is there; what it does not see, such as packets
/// that the kernel drops, does not count.
struct ToxicView {
  std::string name;
  std::string type;
  Direction direction = Direction::kDownstream;
  Verdict verdict = Verdict::kApplies;
  std::uint64_t passed_bytes = 0;   ///< Have left it, or gone round it.
  std::uint64_t delayed_bytes = 0;  ///< Of these: later than they came.
  std::uint64_t dropped_bytes = 0;
  std::uint64_t held_bytes = 0;  ///< Are in it now.
};

/// One live connection at one moment. Plain values: nothing of it changes.
struct ConnectionView {
  ConnectionId id;
  std::string proxy;           ///< Its name.
  std::string client;          ///< "127.0.0.1:40000"; "unix:" for those of a unix socket.
  std::string client_name{};   ///< That it gave as its user name; "" if it gave none.
  std::string destination{};   ///< HOST:PORT or unix:/PATH, as asked for; "" while not known.
  std::string upstream;        ///< As dialled, the address that answered; "" until one has.
  std::string upstream_local;  ///< Our end of it.
  WallTime opened;
  Duration age{0};
  Duration idle{0};  ///< Since bytes last came from either side, or it was opened.
  ConnectionState state = ConnectionState::kOpen;
  std::array<LinkView, 2> links{};  ///< By Direction.
  std::vector<ToxicView> toxics;    ///< All of the proxy, in force on it or not, in their order.
};

}  // namespace faultline
