#pragma once

#include <chrono>
#include <csignal>

#include "proxy/file_descriptor.h"

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

  /// Can be read while one has come that nobody was told of: for those who wait for something else.
  int descriptor() const { return pending_.get(); }

  /// From now on they end the program.
  void release();

 private:
  sigset_t signals_{};
  sigset_t before_{};
  FileDescriptor pending_;
};

}  // namespace faultline
