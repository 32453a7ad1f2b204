#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "proxy/file_descriptor.h"
#include "proxy/live_toxic.h"

namespace faultline {

/// Carries out what toxics do to a listening TCP socket, and takes it back.
///
///   kClosed  shutdown(): the socket stays bound, and the kernel answers SYN with
///            RST (inet_shutdown() of Linux takes a listening socket back to where
///            it was before listen()). A program that sets SO_REUSEADDR can take
///            the port meanwhile; then opening it again fails, and is logged.
///   kFull    a queue of one, with a connection of our own in it: the kernel
///            drops SYNs (tcp_conn_request(), sk_acceptq_is_full())
///   drops    a packet filter on the socket; none if the kernel takes it not
///
/// Errors of the kernel are logged: there is nobody to tell.
class ListenerControl {
 public:
  /// What those who accept from the socket have to know, on any thread.
  struct Shared {
    /// The queue is to stay full: nobody takes a connection out of it.
    std::atomic<bool> is_full{false};
    /// Accepted sockets may have inherited a packet filter.
    std::atomic<bool> had_filter{false};
    /// The ports that our own connections come from, known before they are made; 0: none.
    std::array<std::atomic<std::uint16_t>, 2> filler_ports{};

    /// Whether `client`, accepted from `address`, is a connection of our own: it
    /// is nobody's. True once for each.
    bool take_filler(int client, const SocketAddress& address);
  };

  explicit ListenerControl(Shared& shared) : shared_(shared) {}
  ListenerControl(const ListenerControl&) = delete;
  ListenerControl& operator=(const ListenerControl&) = delete;

  /// `fd` is a listening TCP socket without faults; it stays open until let_go().
  void take(int fd) { fd_ = fd; }

  /// REQUIRES: taken. While it is not kOpen nobody accepts from the socket.
  void set(const ListenerFaults& faults);

  /// The socket is as it was when it was taken.
  void let_go();

  /// Whether toxics do anything to the socket now.
  bool has_faults() const { return !drops_.empty() || listening_ != Listening::kOpen; }

 private:
  void filter();
  void change_listening(Listening listening);
  void fill();
  void empty();
  bool is_filled() const;

  Shared& shared_;
  int fd_ = -1;
  PacketRules drops_;
  Listening listening_ = Listening::kOpen;
  FileDescriptor filler_;
  std::size_t last_filler_ = 0;  // Its place in filler_ports.
};

}  // namespace faultline
