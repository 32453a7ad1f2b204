#pragma once

#include <chrono>
#include <csignal>

namespace faultline {

/// Takes the signals that end a program off it, until it goes: whoever waits is told, and can tidy
/// up first. REQUIRES: no other thread of the program is to be ended by one.
class SignalWait {
 public:
  SignalWait();
  ~SignalWait();
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;

  /// Waits so long, or until one comes: its number, or 0.
  int wait(std::chrono::milliseconds patience) const;

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace faultline
