#pragma once

#include <list>
#include <memory>

#include "proxy/event_loop.h"
#include "proxy/socket.h"

namespace faultline {

/// Sockets that are being closed politely.
///
/// close() with unread input makes the kernel send RST instead of FIN, and an
/// RST can destroy bytes the peer has not read yet. So: FIN first, then what
/// still arrives is read and thrown away until the peer closes too, a second
/// at the most.
class Farewells final : SocketOwner, AlarmOwner {
 public:
  explicit Farewells(EventLoop& loop);  ///< `loop` must outlive it.
  Farewells(const Farewells&) = delete;
  Farewells& operator=(const Farewells&) = delete;

  /// Sends FIN at once and closes `socket` when it can be done safely. To be
  /// called from a callback of the socket too.
  void close(std::unique_ptr<Socket> socket);
  /// The same for one that nobody watches yet.
  void close(FileDescriptor fd, Socket::Family family);

  /// How many are not closed yet.
  std::size_t size() const { return partings_.size(); }

 private:
  struct Parting {
    std::unique_ptr<Socket> socket;
    TimePoint until;
  };

  void on_socket_ready(Socket& socket) noexcept override;
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;
  void set_alarm(TimePoint now);
  void end(std::list<Parting>::iterator parting);

  EventLoop& loop_;
  Alarm alarm_;
  std::list<Parting> partings_;  // In the order of their `until`.
  bool has_more_ = false;        // Some have more to be read than one turn allows.
};

}  // namespace faultline
