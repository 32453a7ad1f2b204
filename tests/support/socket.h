#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace faultline::test {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Every blocking call of a test gives up after this long.
inline constexpr milliseconds kPatience{20'000};

/// How a stream stopped, as its reader sees it.
enum class Ending { kOpen, kFinish, kReset };

/// Bytes read from a stream, and what came after them; kOpen: nothing yet.
struct Received {
  std::string bytes;
  Ending ending = Ending::kOpen;
};

/// A blocking stream socket with a deadline on everything, so that a test can
/// play a client or a server. Functions throw std::runtime_error for what the
/// test did not ask for; a thread that plays a peer catches it.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;

  /// Connects to "127.0.0.1:80", "[::1]:80" or "unix:/path".
  static Socket connect(const std::string& address, milliseconds patience = kPatience);
  /// The same, or the errno of the refusal (ETIMEDOUT when `patience` is over).
  static std::pair<Socket, int> try_connect(const std::string& address,
                                            milliseconds patience = kPatience);
  /// The same, from an address of this machine: "127.1.0.2".
  static std::pair<Socket, int> try_connect_from(const std::string& from,
                                                 const std::string& address,
                                                 milliseconds patience = kPatience);
  /// Listens; port 0 is any. With `backlog` 0 the second connection already waits.
  static Socket listen(const std::string& address, int backlog = 4096);
  /// The next connection; empty if none came in time or the listener was shut down.
  std::optional<Socket> accept(milliseconds patience = kPatience) const;

  /// Where the socket is bound, in the form that connect() takes.
  std::string local_address() const;

  void send(std::string_view bytes, milliseconds patience = kPatience) const;
  /// Sends what the kernel takes at once; how much that was.
  std::size_t send_some(std::string_view bytes) const;

  /// Reads exactly so many bytes.
  std::string receive(std::size_t count, milliseconds patience = kPatience) const;
  /// Reads what comes next, at most `most` bytes; empty with the reason if none does.
  Received receive_some(std::size_t most, milliseconds patience = kPatience) const;
  /// Reads to the end, or until `patience` is over.
  Received receive_all(milliseconds patience = kPatience) const;
  /// True if nothing arrives and nothing ends for so long.
  bool is_quiet_for(milliseconds time) const;

  void shut_down_write() const;
  void shut_down() const;  ///< Both ways: wakes a thread that is blocked on it.
  void reset();            ///< Closes with RST.
  void close();

  /// Shrinks the receive buffer: a reader that stalls soon stalls its sender.
  void set_receive_buffer(int bytes) const;

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  bool wait(short events, Clock::time_point until) const;

  int fd_ = -1;
};

/// Sends `text` and reads as many bytes back.
std::string round_trip(const Socket& socket, const std::string& text);

/// "80" of "127.0.0.1:80".
std::string port_of(const std::string& address);

/// How long `action` took.
template <class Action>
milliseconds time_of(const Action& action) {
  const Clock::time_point start = Clock::now();
  action();
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

/// Asks again and again until `condition` holds; false if it never does in time.
template <class Condition>
bool eventually(const Condition& condition, milliseconds patience = kPatience);

void pause_for(milliseconds time);

template <class Condition>
bool eventually(const Condition& condition, milliseconds patience) {
  const Clock::time_point until = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() >= until) return false;
    pause_for(milliseconds(2));
  }
  return true;
}

}  // namespace faultline::test
