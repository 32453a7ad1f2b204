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

TerminalScreen::Input TerminalScreen::wait(std::chrono::milliseconds patience) const {
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
    input.keys = keys_of({bytes.data(), static_cast<std::size_t>(count)});
  } else {
    input.signal = SIGHUP;  // The terminal is gone.
  }
  return input;
}

void TerminalScreen::draw(const std::vector<std::string>& lines) {
  std::string frame = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    frame += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  }
  out_ << frame << "\x1b[J" << std::flush;
}

std::string keys_of(std::string_view bytes) {
  std::string keys;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\x1b') {
      keys += bytes[i];
      continue;
    }
    if (i + 1 == bytes.size() || (bytes[i + 1] != '[' && bytes[i + 1] != 'O')) continue;
    i += 2;  // ESC [ 1 ; 5 A: a letter or ~ ends it.
    while (i < bytes.size() && std::isalpha(static_cast<unsigned char>(bytes[i])) == 0 &&
           bytes[i] != '~') {
      ++i;
    }
    if (i < bytes.size() && bytes[i] == 'A') keys += 'k';
    if (i < bytes.size() && bytes[i] == 'B') keys += 'j';
  }
  return keys;
}

}  // namespace faultline
