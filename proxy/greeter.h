#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "proxy/greeting.h"
#include "proxy/protocols.h"
#include "proxy/socket.h"

namespace faultline {

/// Hears the client of one connection out before it goes anywhere: a PROXY
/// header, then what its proxy's protocol wants. Reads no byte that is behind:
/// those stay in the socket, for the connection.
class Greeter {
 public:
  /// So long a client has for all of it, while no toxic holds it.
  static constexpr Duration kTimeLimit = std::chrono::seconds(10);

  /// Null where clients of such a proxy say nothing first. `destination` is what is known
  /// already: of a transparent proxy, where the client had connected to.
  static std::unique_ptr<Greeter> make(const Protocols& protocols, std::string destination);

  enum class State {
    kListening,
    kDone,
    kGone,     ///< The client has ended its side, or is dead, and had said nothing.
    kRefused,  ///< reason() says why; the client has been told what there is to tell.
  };

  /// Reads what there is, and answers. REQUIRES: it is still listening.
  State hear(Socket& client);

  bool is_done() const { return is_done_; }
  /// Whether nothing is to come any more that could say who the client is.
  bool knows_client() const { return !accepts_header_ || next_ > 0; }

  /// As far as it has come.
  const Introduction& introduction() const { return introduction_; }
  const std::string& reason() const { return reason_; }

  /// Tells the client how the dial has ended; the last thing that it does. False if the client
  /// does not take that.
  bool answer(Socket& client, const DialEnd& end);

 private:
  explicit Greeter(bool accepts_header) : accepts_header_(accepts_header) {}

  State take(const Greeting::Step& step, Socket& client);
  State refuse(std::string reason);

  const bool accepts_header_;
  bool has_heard_ = false;
  bool is_done_ = false;
  std::size_t next_ = 0;  // Which of the greetings is under way.
  std::vector<std::unique_ptr<Greeting>> greetings_;
  Introduction introduction_;
  std::string reason_;
};

/// Writes all of `bytes`, which are few and the first; false if they do not fit or it is dead.
bool write_first(Socket& socket, const std::string& bytes);

}  // namespace faultline
