#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/socket.h"

namespace faultline::test {

/// Many clients of an echo in one thread: some idle, some busy, which always
/// have a message on its way and check each byte that comes back.
class Crowd {
 public:
  Crowd(const std::string& address, std::size_t idle, std::size_t busy);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  std::size_t size() const { return members_.size(); }
  std::size_t idle() const { return idle_; }

  /// The idle ones are busy from now on.
  void wake_idle();
  /// Each that is busy has got another `messages` back, counted from now; false if that takes
  /// longer than `patience`.
  bool all_go_on(std::uint64_t messages, milliseconds patience = kPatience);

  std::size_t ended_with(Ending ending);
  std::size_t idle_ended_with(Ending ending);
  std::size_t wrong();            ///< How many got a byte that they had not sent.
  std::size_t unheard_idle();     ///< How many of the first `idle()` wait for an ACK.
  Clock::time_point last_byte();  ///< When a byte last came for anybody.
  Clock::time_point last_end();   ///< When a connection was last told to have ended.

 private:
  struct Member {
    Socket socket;
    bool is_busy = false;
    std::uint64_t sent = 0;  // In bytes.
    std::uint64_t received = 0;
    bool is_wrong = false;
    Ending ending = Ending::kOpen;
  };

  void run();
  void read(std::size_t index);
  void say(std::size_t index);
  void note_end(std::size_t index, Ending ending);
  template <class Predicate>
  std::size_t count(std::size_t most, const Predicate& predicate);

  const std::size_t idle_;
  std::mutex mutex_;  // Guards all below, for the length of one connection's turn.
  std::vector<Member> members_;
  Clock::time_point last_byte_;
  Clock::time_point last_end_;
  bool stopping_ = false;
  int epoll_ = -1;
  std::thread thread_;
};

}  // namespace faultline::test
