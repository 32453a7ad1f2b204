#pragma once

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
///   drops    a packet filter on the socket
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
    /// The port that our own connection comes from, from 127.0.0.1 or ::1; 0 if there is none.
    std::atomic<std::uint16_t> filler_port{0};
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

 private:
  bool filter(const PacketRules& rules);
  void change_listening(Listening listening);
  void fill();

  Shared& shared_;
  int fd_ = -1;
  PacketRules drops_;
  Listening listening_ = Listening::kOpen;
  FileDescriptor filler_;
};

}  // namespace faultline
