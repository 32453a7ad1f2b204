#pragma once

#include <optional>
#include <string>

#include "tests/support/http.h"
#include "tests/support/socket.h"

namespace faultline::test {

/// One server-sent event, as its reader gets it.
struct SentEvent {
  std::string id;    ///< "" if it has none.
  std::string type;  ///< "toxic.started"
  std::string data;  ///< JSON.
};

/// A subscriber of /v1/events.
class EventReader {
 public:
  /// Subscribes, and returns once the stream has begun: what happens from now on
  /// will come. `query` with its "?".
  explicit EventReader(const std::string& address, const std::string& query = "",
                       const Headers& headers = {});

  /// The next event, comments left out; nothing if none comes in time or the stream
  /// has ended.
  std::optional<SentEvent> next(milliseconds patience = kPatience);

  /// How the stream has ended, as far as it was read.
  Ending ending() const { return ending_; }
  const Socket& socket() const { return socket_; }

 private:
  bool fill(milliseconds patience);
  std::optional<std::string> next_block(milliseconds patience);
  void unchunk();

  Socket socket_;
  std::string raw_;   // Read, and still in chunks,
  std::string text_;  // and without them.
  Ending ending_ = Ending::kOpen;
};

}  // namespace faultline::test
