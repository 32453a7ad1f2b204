#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faultline {

/// Something of a fault that is still there.
struct Lingering {
  enum class Kind {
    kToxic,           ///< It is on a proxy, whether it is on or off just now.
    kPartition,       ///< It keeps zones apart.
    kListenerFault,   ///< A listening socket has a packet filter, is full, or does not listen.
    kSocketFault,     ///< `count` connections have a packet filter, or a shut window.
    kHeldConnection,  ///< `count` connections whose upstream may not be dialled yet.
    kHeldBytes,       ///< `count` bytes are held by toxics, or let go and not yet taken.
    kClosingSocket,   ///< `count` sockets wait for their peers to close: a second at the most.
  };

  Kind kind = Kind::kToxic;
  std::string proxy{};  ///< "" for kClosingSocket, whose proxy may have gone, and kPartition.
  std::string toxic{};  ///< Or partition; "" for the others.
  std::uint64_t count = 1;

  bool operator==(const Lingering&) const = default;
};

/// "toxic", "partition", "listener-fault", "socket-fault", "held-connection", "held-bytes",
/// "closing-socket".
constexpr std::string_view to_string(Lingering::Kind kind) {
  switch (kind) {
    case Lingering::Kind::kToxic:
      return "toxic";
    case Lingering::Kind::kPartition:
      return "partition";
    case Lingering::Kind::kListenerFault:
      return "listener-fault";
    case Lingering::Kind::kSocketFault:
      return "socket-fault";
    case Lingering::Kind::kHeldConnection:
      return "held-connection";
    case Lingering::Kind::kHeldBytes:
      return "held-bytes";
    case Lingering::Kind::kClosingSocket:
      return "closing-socket";
  }
  return "";
}

}  // namespace faultline
