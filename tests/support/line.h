#pragma once

#include <netinet/tcp.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/server.h"
#include "tests/support/server_process.h"
#include "tests/support/socket.h"

namespace faultline::test {

/// An echo behind a proxy called "p", to be broken and healed.
struct Line {
  explicit Line(std::vector<std::string> arguments = {}, Behaviour behaviour = echo());
  explicit Line(Process::Rights rights);

  /// Adds the toxic "down"; `toxic` is the inside of its JSON, without a name.
  /// Returns the answer.
  std::string add(const std::string& toxic);
  /// The same, of that type with these attributes (the inside of their JSON).
  std::string fault(const std::string& type, const std::string& attributes = "");
  void heal() { world.remove_toxic("p", "down"); }
  Socket connect() const { return Socket::connect(listen); }

  World world;
  Server upstream;
  std::string listen;
};

/// True if the proxy says in `answer` that the kernel's packet filters serve the
/// toxic. Says that the rest is not tested if filters cannot be had here, and
/// fails the test if they can.
bool is_served_by_kernel(const std::string& answer);

/// A connection that is being made from `source` ("" is any), without waiting.
Socket knock(const std::string& address, const std::string& source = "");

/// 0 once the connection is there, the errno that says why not, or nothing
/// if neither was told within `patience`.
std::optional<int> answer_to(const Socket& client, milliseconds patience = kPatience);

/// Whether a connection being made or open is reset, not refused, within a short while.
bool is_reset(const Socket& client);

/// What the kernel knows of a TCP socket.
tcp_info info_of(const Socket& socket);

/// How the stream ends; what comes before that is dropped.
Ending ending_of(const Socket& socket, milliseconds patience = kPatience);

/// Sends `text` while it reads as many bytes back.
std::string long_trip(const Socket& socket, const std::string& text);

}  // namespace faultline::test
