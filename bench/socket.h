#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/wire.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench {

/// TCP on 127.0.0.1. All sockets are non-blocking, without Nagle's delay.

/// Listens on `port`, or for 0 on a free one. Errors: kNetwork.
Result<FileDescriptor> listen_on_loopback(std::uint16_t port);

/// The port that `socket` is bound to.
std::uint16_t port_of(const FileDescriptor& socket);

/// A port that was free a moment ago, outside the range that the kernel hands
/// to outgoing connections. Another program can still take it first.
std::uint16_t find_free_port();

/// Where a connection goes, and where it comes from.
struct Way {
  std::uint16_t port = 0;
  std::string source = {};  ///< An IPv4 address of this machine's; "": 127.0.0.1.
};

/// Connects, and says `greeting`. Blocks, at most for seconds: on a loopback
/// the kernel does it all within the call, unless the backlog is full. Errors:
/// kNetwork.
Result<FileDescriptor> connect_and_greet(const Way& way, const Greeting& greeting);

/// The same with any first words. `receive_bytes`: what the kernel may hold for
/// us to read, 0 is its own choice.
Result<FileDescriptor> connect_and_say(const Way& way, std::string_view words, int receive_bytes);

/// The next connection, or none.
std::optional<FileDescriptor> accept_from(const FileDescriptor& listener);

/// Makes closing `socket` a reset: the peers let go of it at once.
void reset_on_close(const FileDescriptor& socket);

/// Raises the limit on open files, of this process and those it starts, to more
/// than any workload needs, or as far as the kernel lets it: past the hard
/// limit only for root. Returns what it is now.
std::size_t raise_open_files_limit();

/// What one call moved.
struct Moved {
  std::size_t bytes = 0;
  bool is_blocked = false;  ///< Nothing can be moved now.
  bool is_over = false;     ///< The peer has sent FIN or RST, or is gone.
};

Moved send_some(const FileDescriptor& socket, std::string_view bytes);
Moved receive_some(const FileDescriptor& socket, char* buffer, std::size_t room);

/// Takes bytes that have arrived without looking at them (cheap: nothing is copied).
Moved discard_some(const FileDescriptor& socket, std::size_t most);

}  // namespace faultline::bench
