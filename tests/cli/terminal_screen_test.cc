// top on a terminal: a pseudo-terminal, with the program in a process of its own at it.

#include "cli/terminal_screen.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <iostream>

#include "cli/program.h"
#include "tests/cli/client.h"

namespace faultline {
using test::Client;
using test::RunningServer;

namespace {

/// `faultline top` at a terminal of 40 lines. Made before any thread is, since it forks; asked to
/// begin with the server's address.
class TopAtTerminal {
 public:
  TopAtTerminal() {
    const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      std::string address;
      std::getline(std::cin, address);
      Console console = process_console();
      std::_Exit(run_command({"top", "--host", address}, console));
    }
    REQUIRE(tcgetattr(terminal_, &before_) == 0);
  }
  TopAtTerminal(const TopAtTerminal&) = delete;
  TopAtTerminal& operator=(const TopAtTerminal&) = delete;
  ~TopAtTerminal() {
    if (!has_ended_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(terminal_);
  }

  void type(const std::string& keys) const {
    REQUIRE(write(terminal_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  void send(int signal) const { REQUIRE(kill(pid_, signal) == 0); }
  void resize(unsigned short lines) const {
    const winsize size{.ws_row = lines, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(terminal_, TIOCSWINSZ, &size) == 0);
  }

  /// Reads on until `text` has come.
  void wait_for(const std::string& text) {
    while (shown_.find(text) == std::string::npos) REQUIRE(read_some());
    shown_.erase(0, shown_.find(text) + text.size());
  }
  /// How many lines the next frame has that is drawn from its beginning.
  std::size_t lines_of_next_frame() {
    wait_for("\x1b[H");
    std::string frame = shown_;
    while (shown_.find("\x1b[J") == std::string::npos) REQUIRE(read_some());
    frame = shown_.substr(0, shown_.find("\x1b[J"));
    return 1 + static_cast<std::size_t>(std::count(frame.begin(), frame.end(), '\n'));
  }

  /// Its exit code, once it has ended with the last that a terminal should be told.
  int end() {
    wait_for("\x1b[?7h\x1b[?25h\x1b[?1049l");
    int status = 0;
    REQUIRE(waitpid(pid_, &status, 0) == pid_);
    has_ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool is_as_before() const {
    termios now{};
    REQUIRE(tcgetattr(terminal_, &now) == 0);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           std::equal(std::begin(now.c_cc), std::end(now.c_cc), std::begin(before_.c_cc));
  }

 private:
  /// False if nothing came in ten seconds.
  bool read_some() {
    pollfd watched{terminal_, POLLIN, 0};
    if (poll(&watched, 1, 10'000) <= 0) return false;
    std::array<char, 4096> bytes{};
    const ssize_t count = read(terminal_, bytes.data(), bytes.size());
    if (count <= 0) return false;
    shown_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  int terminal_ = -1;
  pid_t pid_ = -1;
  termios before_{};
  std::string shown_;
  bool has_ended_ = false;
};

}  // namespace

TEST_CASE("top puts the terminal back, whatever ends it", "[terminal_screen]") {
  struct Ending {
    std::string keys;
    int signal;
    int status;
  };
  const Ending endings[] = {{"q", 0, 0},       {"\x03", 0, 130},  {"", SIGTERM, 143},
                            {"", SIGHUP, 129}, {"", SIGINT, 130}, {"", SIGQUIT, 131}};
  for (const Ending& ending : endings) {
    CAPTURE(ending.keys, ending.signal);
    TopAtTerminal top;
    const RunningServer server;
    top.type(server.api_address() + "\n");
    top.wait_for("q: quit");
    CHECK_FALSE(top.is_as_before());
    if (ending.signal == 0) {
      top.type(ending.keys);
    } else {
      top.send(ending.signal);
    }
    CHECK(top.end() == ending.status);
    CHECK(top.is_as_before());
  }
}

TEST_CASE("top draws anew when the terminal has another size, and obeys its keys",
          "[terminal_screen]") {
  TopAtTerminal top;
  const RunningServer server;
  const Client client(server);
  client.says("create a -l 127.0.0.1:0 -u x:1");
  top.type(server.api_address() + "\n");
  CHECK(top.lines_of_next_frame() == 40);
  top.resize(12);
  std::size_t lines = top.lines_of_next_frame();
  for (int tries = 0; lines != 12 && tries < 5; ++tries) lines = top.lines_of_next_frame();
  CHECK(lines == 12);
  top.type("\x1a");  // Ctrl-Z would leave the terminal as it is.
  top.type("c");
  top.wait_for("a: cut; 0 connections closed");
  CHECK(client.says("list").find("\tdisabled\t") != std::string::npos);
  top.type("q");
  CHECK(top.end() == 0);
}

}  // namespace faultline
