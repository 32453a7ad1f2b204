#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/names.h"

namespace faultline {

/// A connected stream socket for threads that may wait. Every wait ends at a
/// deadline, or once a descriptor can be read that says so, its interrupt. All errors are
/// kNetwork, in the kernel's words.
class BlockingSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Tries each address in turn. `interrupt` outlives it; -1 is none.
  static Result<BlockingSocket> connect(const std::vector<SocketAddress>& addresses,
                                        Deadline deadline, int interrupt = -1);

  /// Takes over `descriptor`, which is connected.
  explicit BlockingSocket(int descriptor, int interrupt = -1)
      : descriptor_(descriptor), interrupt_(interrupt) {}
  BlockingSocket(BlockingSocket&& other) noexcept;
  BlockingSocket& operator=(BlockingSocket&& other) noexcept;
  ~BlockingSocket();

  Result<void> send_all(std::string_view bytes, Deadline deadline);

  /// Waits for something to receive; false if there is nothing at the deadline.
  Result<bool> wait_readable(Deadline deadline);

  /// What has arrived, at least one byte; "" at the end of the stream.
  Result<std::string> receive(Deadline deadline);

 private:
  Result<bool> wait_until(short events, Deadline deadline) const;
  Result<void> wait_for(short events, Deadline deadline) const;
  static Result<BlockingSocket> connect_one(const SocketAddress& address, Deadline deadline,
                                            int interrupt);

  int descriptor_;  // -1 once moved from.
  int interrupt_;
};

}  // namespace faultline
