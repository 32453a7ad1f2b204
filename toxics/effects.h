#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "toxics/delay_model.h"
#include "toxics/direction.h"
#include "toxics/loss_bursts.h"
#include "toxics/packet_rule.h"

namespace faultline {

/// What carries a fault out. The same fault may look different.
enum class Engine {
  kUserSpace,  ///< Faultline's own handling of bytes and connections.
  kKernel,     ///< Packet filters on the sockets: real lost packets.
  kModel,      ///< A simulated TCP sender that says when bytes would have arrived.
};

constexpr std::string_view to_string(Engine engine) {
  if (engine == Engine::kKernel) return "kernel";
  return engine == Engine::kModel ? "model" : "user-space";
}

/// Where a toxic is put, and what can be done there.
struct Placement {
  Direction stream = Direction::kDownstream;
  bool can_filter_packets = false;  ///< Of the proxy's sockets, by the kernel's leave.
};

/// Which connections a toxic applies to, by when they were accepted.
enum class Scope {
  kBoth,  ///< All.
  kNew,   ///< Those accepted since the toxic is there.
  kOpen,  ///< Those that were there before it.
};

/// Which links of a connection have a stage for a toxic.
enum class Links {
  kOwn,    ///< The one that is the toxic's stream.
  kWhole,  ///< The same, for the whole connection: the stream only says whose bytes count.
  kNone,   ///< Bytes pass by; the toxic's own has one that does nothing, to be counted.
  kUpstream,
  kDownstream,
  kBoth,
};

/// How a client that connects is received. The last of several is the strongest.
enum class Reception {
  kDial,   ///< The upstream is dialled.
  kHold,   ///< Accepted and left alone: the upstream is dialled when this is over.
  kClose,  ///< Accepted, and told FIN at once.
  kReset,  ///< Accepted, and told RST at once.
};

/// What a listening socket does. The last of several is the strongest.
enum class Listening {
  kOpen,    ///< Accepts.
  kFull,    ///< Its queue is full: the kernel drops every SYN.
  kClosed,  ///< Bound, but not listening: the kernel answers with RST, "connection refused".
};

/// How much later the upstream is dialled: drawn for one connection after another.
struct DialDelay {
  DelayModel model;
  double correlation = 0;  ///< Of a connection's normal score with that of the one before.
};

/// What a toxic does beside moving bytes: a statement, carried out by those who
/// have the sockets. Worked out once for each change of its attributes.
struct Effects {
  /// Why it cannot be had as it was asked for, and what can; empty if it can.
  std::string refusal{};
  Engine engine = Engine::kUserSpace;
  Scope scope = Scope::kBoth;
  Links links = Links::kOwn;

  // To each connection that it applies to.
  PacketRule from_client{};                      ///< What the client's socket drops.
  PacketRule from_upstream{};                    ///< What the upstream's socket drops.
  std::optional<LossBursts::Settings> bursts{};  ///< In place of the rules' loss, and changing.
  bool shuts_client_window = false;    ///< The client is told that there is no room for bytes,
  bool shuts_upstream_window = false;  ///< or the upstream is.

  // To those that connect.
  Reception reception = Reception::kDial;
  std::optional<DialDelay> dial_delay{};  ///< The upstream is dialled so much later.
  bool resets_undialled = false;          ///< A client whose upstream cannot be reached gets RST.

  // To the listening socket, as far as nobody is spared.
  Listening listening = Listening::kOpen;
  PacketRule from_dialling{};     ///< What the listening socket drops: SYNs unanswered.
  bool mirrors_upstream = false;  ///< It does what dialling the upstream is seen to do.
};

}  // namespace faultline
