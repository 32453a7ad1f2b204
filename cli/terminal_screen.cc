#include "cli/terminal_screen.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cctype>

#include "base/verify.h"

namespace faultline {

namespace {

// Another screen, no cursor, no wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace

bool TerminalScreen::is_there() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

TerminalScreen::TerminalScreen(std::ostream& out) : out_(out) {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) {
    sigaddset(&taken, number);
  }
  VERIFY(pthread_sigmask(SIG_BLOCK, &taken, &mask_before_) == 0);
  signals_ = FileDescriptor(signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC));
  VERIFY(signals_.is_open());
  VERIFY(tcgetattr(STDIN_FILENO, &before_) == 0);
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // Stopped, it would leave the terminal like this.
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  out_ << kEnter << std::flush;
}

TerminalScreen::~TerminalScreen() {
  out_ << kLeave << std::flush;
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

TerminalScreen::Input TerminalScreen::wait(std::chrono::milliseconds patience) {
  std::array<pollfd, 2> watched = {pollfd{STDIN_FILENO, POLLIN, 0},
                                   pollfd{signals_.get(), POLLIN, 0}};
  Input input;
  if (poll(watched.data(), watched.size(), static_cast<int>(patience.count())) <= 0) return input;
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof info) == sizeof info) {
    const int number = static_cast<int>(info.ssi_signo);
    const bool ends = number != SIGWINCH && number != SIGTSTP;
    if (ends || (number == SIGWINCH && input.signal == 0)) input.signal = number;
  }
  if (watched[0].revents == 0) return input;
  std::array<char, 256> bytes{};
  const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count > 0) {
    input.keys = keys_.keys_of({bytes.data(), static_cast<std::size_t>(count)});
  } else {
    input.signal = SIGHUP;  // The terminal is gone.
  }
  return input;
}

void TerminalScreen::draw(const std::vector<std::string>& lines) {
  std::string frame = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // Cleared before it is written: behind a full line the cursor is still on its last column.
    frame += (i == 0 ? "\x1b[K" : "\r\n\x1b[K") + lines[i];
  }
  out_ << frame << "\x1b[J" << std::flush;
}

std::string KeyReader::keys_of(std::string_view bytes) {
  std::string keys;
  for (const char c : bytes) {
    const bool is_final = std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '~';
    switch (state_) {
      case State::kPlain:
        if (c == '\x1b') {
          state_ = State::kEscape;
        } else {
          keys += c;
        }
        break;
      case State::kEscape:
        state_ = c == '[' ? State::kSequence : c == 'O' ? State::kOneMore : State::kPlain;
        if (c == '\x1b') state_ = State::kEscape;
        break;
      case State::kSequence:  // ESC [ 1 ; 5 A: a letter or ~ ends it.
      case State::kOneMore:
        if (is_final && c == 'A') keys += 'k';
        if (is_final && c == 'B') keys += 'j';
        if (is_final || state_ == State::kOneMore) state_ = State::kPlain;
        break;
    }
  }
  return keys;
}

}  // namespace faultline
