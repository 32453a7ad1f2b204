#pragma once

#include <uv.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/event_loop.h"
#include "proxy/names.h"
#include "proxy/socket.h"

namespace faultline {

/// Is asked where its dial may go, and told how it ended.
class DialOwner {
 public:
  enum class Admission {
    kDial,
    kHold,    ///< As if nobody answered there: until reconsider().
    kRefuse,  ///< As if it was refused there.
  };
  /// Before `address` is dialled, and at each reconsider() until the dial has ended.
  virtual Admission admit(const SocketAddress& /*address*/) noexcept { return Admission::kDial; }

  /// `socket` is connected, and has the dial as its owner until it is given
  /// another. Or: why no address could be reached.
  virtual void on_dialled(Result<std::unique_ptr<Socket>> socket) noexcept = 0;

 protected:
  ~DialOwner() = default;
};

/// One attempt to reach an upstream: looks its name up and tries each address,
/// IPv4 and IPv6, the next one when the last failed or was silent for 250 ms;
/// the first to answer wins. Destroying it cancels everything.
///
/// There is no time limit of its own: the kernel's SYN retries decide.
class Dial final : SocketOwner, AlarmOwner {
 public:
  /// Calls `owner` back once, from the loop. Both must outlive the dial.
  Dial(EventLoop& loop, std::string_view upstream, DialOwner& owner);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  /// The owner may admit others now than before: those that are held are tried, those that are
  /// under way and may not be are given up.
  void reconsider();

  /// Its owner keeps it from all addresses that are left.
  bool is_held() const { return attempts_.empty() && addresses_.empty() && !held_.empty(); }

  /// Of those that it has tried: which has answered.
  const SocketAddress& reached() const { return reached_; }

  /// What kept it from the last address that it tried: an errno, EHOSTUNREACH for a name that
  /// is not known. Of one that has failed.
  int error_number() const { return error_number_; }

 private:
  struct Lookup;
  struct Attempt {
    std::unique_ptr<Socket> socket;
    SocketAddress address;
  };

  void look_up(const std::string& host);
  void on_looked_up(Result<std::vector<SocketAddress>> addresses);
  void try_next();
  bool try_address(const SocketAddress& address);
  void on_socket_ready(Socket& socket) noexcept override;
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;
  void fail_unless_pending();

  EventLoop& loop_;
  DialOwner& owner_;
  Alarm alarm_;
  Lookup* lookup_ = nullptr;  // Owns itself; told when we are gone.
  HostPort where_;
  std::vector<SocketAddress> addresses_;  // What is left to try, the next one last.
  std::vector<SocketAddress> held_;       // May not be dialled now.
  std::vector<Attempt> attempts_;
  SocketAddress reached_{};
  Error last_error_;
  int error_number_ = EHOSTUNREACH;
};

}  // namespace faultline
