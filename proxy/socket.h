#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/event_loop.h"
#include "proxy/file_descriptor.h"
#include "proxy/names.h"
#include "proxy/pipe.h"
#include "toxics/packet_rule.h"

namespace faultline {

class Socket;

/// Is told when something about its socket has changed; the socket says what.
class SocketOwner {
 public:
  virtual void on_socket_ready(Socket& socket) noexcept = 0;

  /// Whether on_socket_ready() would read some bytes and only pass them on, if
  /// there are any: then the read may be made beforehand.
  virtual bool will_read(const Socket& /*socket*/) noexcept { return false; }

 protected:
  ~SocketOwner() = default;
};

/// How one read or write went.
struct Transfer {
  enum class State {
    kMoved,        ///< `bytes` were moved, at least one.
    kWouldBlock,   ///< Nothing can be moved now.
    kEnd,          ///< read: the peer has sent FIN.
    kBroken,       ///< The connection is dead: RST, time-out, or nobody there to write to.
    kUnsupported,  ///< splice: it cannot be done, or says nothing; read() does, and may_read().
  };
  State state;
  std::size_t bytes = 0;
};

/// Keepalive, so that a peer that vanished in silence is noticed: after 15 s,
/// every 15 s, as Toxiproxy has it. On a listening socket it passes to what
/// that accepts.
void set_keepalive(int fd, bool on);

/// Closing `fd` will send RST and drop what was not sent.
void reset_on_close(int fd);

/// The pending error of a socket, or 0. Clears it.
int take_error(int fd);

/// A connected, or connecting, non-blocking stream socket watched by a loop.
///
/// It is put into the loop's epoll set once, edge-triggered, for everything,
/// and remembers what it was told: whether it may be read or written is a
/// question to it, not a call of the kernel's. It is told again only after a
/// read or write has met the end of what there was, so whoever stops before
/// that has to come back by himself.
class Socket final : Watcher {
 public:
  enum class Family { kTcp, kUnix };

  /// `loop` and `owner` must outlive the socket. `fd` is open and non-blocking.
  Socket(EventLoop& loop, FileDescriptor fd, Family family, SocketOwner& owner);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Hands the socket, as it is, to another owner.
  void set_owner(SocketOwner& owner) { owner_ = &owner; }

  /// Whether a read may find bytes, the end or an error; if not, the owner will be told.
  bool may_read() const { return may_read_; }
  /// Whether a write may be taken; if not, the owner will be told.
  bool may_write() const { return may_write_; }
  /// The kernel has an error for it: there is something to read until read() says kBroken.
  bool is_broken() const { return broken_; }
  /// FIN has arrived and all before it was read: the next read() says so, and costs nothing.
  bool is_at_end() const { return at_end_; }
  /// Whether splice_into() sees all that read() would.
  bool may_splice() const { return plain_; }

  Transfer read(char* buffer, std::size_t size);
  /// Looks at what the next read() will give, and leaves it there.
  Transfer peek(char* buffer, std::size_t size);
  Transfer write(std::string_view bytes);

  /// A read that was made beforehand, if there is one.
  struct EarlyRead {
    Transfer transfer;
    std::string_view bytes;  ///< Good until the end of the loop's turn.
  };
  std::optional<EarlyRead> take_early_read();

  /// Puts `bytes` into `batch`, as write() would write them; `writer` is told,
  /// and passes the result on to note_late_write(). Until then nothing else is
  /// done with the socket. REQUIRES: may_write().
  void write_late(CallBatch& batch, std::string_view bytes, BatchWriter& writer, std::size_t tag) {
    batch.add_write(fd_.get(), bytes, writer, tag);
  }
  Transfer note_late_write(ssize_t result, std::size_t size);

  /// Moves what there is, `most` bytes or as much as fits, into `pipe`, which is
  /// empty; its bytes are not copied. kWouldBlock only if there is nothing to
  /// read. REQUIRES: may_splice(), most > 0.
  Transfer splice_into(Pipe& pipe, std::size_t most);
  /// Moves what the peer takes out of `pipe`, which is not empty.
  Transfer splice_from(Pipe& pipe);

  /// The peer has acknowledged all that was written, and FIN if it was sent.
  bool is_acknowledged() const;

  void finish();  ///< Sends FIN after what was written, once.
  /// See above.
  void reset_on_close() { faultline::reset_on_close(fd_.get()); }

  /// See set_keepalive().
  void keep_alive(bool on) { set_keepalive(fd_.get(), on); }

  /// Drops what `rules` say of all that arrives from now on; none lets everything
  /// pass. REQUIRES: at most one rule, without sources.
  void filter(const PacketRules& rules);

  /// Tells the peer of hardly any room for its bytes, so that it stops once what
  /// it was promised is full; or of what there is. Only where nothing is read.
  void shut_window(bool shut);

  SocketAddress local_address() const;  ///< Of this end.

  /// See above; for one that is connecting or broken.
  int take_error() { return faultline::take_error(fd_.get()); }

 private:
  void on_ready(std::uint32_t events) noexcept override;
  int fd_to_read(std::uint32_t events) noexcept override;
  Transfer note_read(Transfer transfer, bool is_short);
  Transfer note_write(Transfer transfer, bool is_short);

  EventLoop& loop_;
  SocketOwner* owner_;
  FileDescriptor fd_;
  bool may_read_ = false;
  bool may_write_ = false;
  bool broken_ = false;
  bool peer_finished_ = false;  // FIN has arrived, after what there is to read.
  bool at_end_ = false;         // ...of which nothing is left.
  bool finished_ = false;       // We have sent FIN.
  bool dead_ = false;           // A write has said so; reads would say "end" from then on.
  bool plain_;                  // TCP, no urgent data seen, no splice refused.
};

/// TCP_NODELAY: small messages are not held back for an acknowledgement. On a
/// listening socket it passes to what that accepts. Unix sockets have no such thing.
///
/// Where the system's congestion control is BBR, a socket of a loopback
/// `address` gets Reno: BBR paces each sender by a timer, and between processes
/// of one machine, where no link is to be shared, that only costs (measured:
/// docs/performance.md).
void set_stream_options(int fd, const SocketAddress& address);

}  // namespace faultline
