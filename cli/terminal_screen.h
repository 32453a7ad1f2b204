#pragma once

#include <termios.h>

#include <chrono>
#include <csignal>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/file_descriptor.h"

namespace faultline {

/// The keys among what a terminal sends: the arrows up and down are 'k' and 'j', what else begins
/// with an escape is left out, wherever it is cut into reads. So a key right after the Escape key
/// is left out, too: it might be the rest of such a sequence.
class KeyReader {
 public:
  std::string keys_of(std::string_view bytes);

 private:
  enum class State { kPlain, kEscape, kSequence, kOneMore };
  State state_ = State::kPlain;
};

/// The terminal at stdin and stdout, whole, for a program that draws and is told keys: until it
/// goes, which puts everything back. It takes the signals that would end the program off it, so
/// that they do not leave a spoilt terminal behind.
class TerminalScreen {
 public:
  /// Whether stdin and stdout are a terminal.
  static bool is_there();

  /// REQUIRES: is_there(), and no other thread runs. `out` is stdout, and outlives this.
  explicit TerminalScreen(std::ostream& out);
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;
  ~TerminalScreen();

  struct Input {
    std::string keys;  ///< As KeyReader has them; empty if none came.
    int signal = 0;    ///< SIGWINCH: it has another size. Else it says that this must end.
  };

  /// What comes within `patience`.
  Input wait(std::chrono::milliseconds patience);

  /// Can be read once wait() would return a signal: for those who wait for something else.
  int signals() const { return signals_.get(); }

  /// `lines`, from the top, each of which must fit.
  void draw(const std::vector<std::string>& lines);

 private:
  std::ostream& out_;
  termios before_{};
  sigset_t mask_before_{};
  FileDescriptor signals_;
  KeyReader keys_;
};

}  // namespace faultline
