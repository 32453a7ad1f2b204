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
/// deadline. All errors are kNetwork, in the kernel's words.
class BlockingSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Tries each address in turn.
  static Result<BlockingSocket> connect(const std::vector<SocketAddress>& addresses,
                                        Deadline deadline);

  /// Takes over `descriptor`, which is connected.
  explicit BlockingSocket(int descriptor) : descriptor_(descriptor) {}
  BlockingSocket(BlockingSocket&& other) noexcept;
  BlockingSocket& operator=(BlockingSocket&& other) noexcept;
  ~BlockingSocket();

  Result<void> send_all(std::string_view bytes, Deadline deadline);

  /// Waits for something to receive; false if there is nothing at the deadline.
  Result<bool> wait_readable(Deadline deadline);

  /// What has arrived, at least one byte; "" at the end of the stream.
  Result<std::string> receive(Deadline deadline);

 private:
  int descriptor_;  // -1 once moved from.
};

}  // namespace faultline
