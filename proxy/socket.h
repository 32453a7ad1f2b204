#pragma once

#include <uv.h>

#include <cstddef>
#include <string_view>

#include "proxy/event_loop.h"
#include "proxy/file_descriptor.h"
#include "proxy/uv_handle.h"

namespace faultline {

class Socket;

/// What has become of a socket.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool broken = false;  ///< The kernel has an error for it; it is watched no longer.
};

/// Is told when its socket is ready.
class SocketOwner {
 public:
  virtual void on_socket_ready(Socket& socket, Readiness readiness) noexcept = 0;

 protected:
  ~SocketOwner() = default;
};

/// How one read or write went.
struct Transfer {
  enum class State {
    kMoved,       ///< `bytes` were moved, at least one.
    kWouldBlock,  ///< Nothing can be moved now.
    kEnd,         ///< read: the peer has sent FIN.
    kBroken,      ///< The connection is dead: RST, time-out, or nobody there to write to.
  };
  State state;
  std::size_t bytes = 0;
};

/// A connected, or connecting, non-blocking stream socket watched by a loop.
///
/// It is watched for errors all the time, so that a peer that dies is noticed
/// while its bytes are not wanted; for the rest only as far as asked.
class Socket {
 public:
  /// `loop` and `owner` must outlive the socket. `fd` is open and non-blocking.
  Socket(EventLoop& loop, FileDescriptor fd, SocketOwner& owner);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Hands the socket, as it is, to another owner.
  void set_owner(SocketOwner& owner) { owner_ = &owner; }

  /// Reports readiness from now on as asked; a call that changes nothing costs nothing.
  void watch(bool readable, bool writable);

  Transfer read(char* buffer, std::size_t size);
  Transfer write(std::string_view bytes);

  void finish();          ///< Sends FIN after what was written.
  void reset_on_close();  ///< Closing will send RST and drop what was not sent.

  /// The pending error of a socket that is connecting or broken, or 0. Clears it.
  int take_error();

  /// Watched no longer, for the kernel has an error for it: read() on until it says kBroken.
  bool is_broken() const { return broken_; }
  int fd() const { return fd_.get(); }

  /// Stops watching and gives up the descriptor.
  FileDescriptor release();

 private:
  void start(int events);
  void on_poll(int status, int events);

  FileDescriptor fd_;  // Closed after poll_ has let go of it.
  OwnedHandle<uv_poll_t> poll_;
  SocketOwner* owner_;
  int watched_ = 0;  // UV_ events.
  bool broken_ = false;
  bool dead_ = false;  // A write has said so; reads would say "end" from then on.
  bool ignores_urgent_ = false;
};

/// TCP_NODELAY and keepalive (15 s idle, 15 s interval, as Toxiproxy sets). On
/// a listening socket they pass to what it accepts. Unix sockets have neither.
void set_stream_options(int fd);

}  // namespace faultline
