#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/file_descriptor.h"
#include "proxy/names.h"
#include "proxy/socket.h"

namespace faultline {

/// What one listening socket has dropped so far: segments, by a packet filter, but not only
/// (sk_drops, SO_MEMINFO in socket(7)). 0 where the kernel does not say.
struct DroppedPackets {
  std::uint64_t socket = 0;  ///< Which; 0 is none.
  std::uint64_t count = 0;
};

/// A bound, listening, non-blocking socket. Closing it removes a unix socket's
/// file, if it is still the one that was made.
class ListeningSocket {
 public:
  /// How many connections may wait to be accepted.
  static constexpr int kBacklog = 4096;

  ListeningSocket() = default;
  ListeningSocket(ListeningSocket&& other) noexcept = default;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket();

  /// Binds the first address of `listen` that can be had. Errors (kNetwork,
  /// kNeedsLookup) are Toxiproxy's words: "listen tcp 127.0.0.1:80: bind: address already in use".
  static Result<ListeningSocket> bind(std::string_view listen, const Names& names);

  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.get(); }
  Socket::Family family() const {
    const bool is_unix = address_.rfind("unix:", 0) == 0;
    return is_unix ? Socket::Family::kUnix : Socket::Family::kTcp;
  }

  /// Without those that are left out; none while it is not open.
  DroppedPackets dropped_packets() const;
  /// So many segments that it has dropped are nobody's: a probe's.
  void leave_out(std::uint64_t segments) { left_out_ += segments; }

  /// Where it really listens: "127.0.0.1:26379", "[::]:80", "unix:/run/a.sock".
  const std::string& address() const { return address_; }

 private:
  FileDescriptor fd_;
  std::string address_;
  std::string unix_path_;  // "" unless a unix socket.
  ino_t unix_inode_ = 0;
  std::uint64_t number_ = 0;  // No other has it.
  std::uint64_t left_out_ = 0;
};

/// The spelling that address() would give for `listen`, but port 0 stays 0:
/// ":80", "0.0.0.0:80" and "[::]:80" are the same. Errors as for bind(), without "listen tcp".
Result<std::string> normal_address(std::string_view listen, const Names& names);

}  // namespace faultline
