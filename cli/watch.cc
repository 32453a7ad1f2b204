#include "cli/watch.h"

#include <sstream>
#include <string>
#include <thread>

#include "base/quantities.h"
#include "cli/exit_codes.h"
#include "cli/terminal_size.h"

namespace faultline {

namespace {

/// Over what is there, from the top; no line wraps, and none that does not fit is shown.
std::string drawn(const std::string& text, bool is_first) {
  const std::size_t most = terminal_size().height - 1;
  std::string frame = is_first ? "\x1b[2J\x1b[H\x1b[?7l" : "\x1b[H\x1b[?7l\x1b[K";
  std::size_t lines = 0;
  for (const char c : text) {
    if (lines == most) break;
    frame += c;
    if (c != '\n') continue;
    ++lines;
    frame += "\x1b[K";  // Not behind a line: the cursor may be on its last column.
  }
  return frame + "\x1b[J\x1b[?7h";
}

}  // namespace

void add_watch_option(CLI::App& command, Invocation& invocation) {
  command
      .add_option_function<std::string>(
          "--watch",
          [&invocation](const std::string& text) {
            constexpr std::chrono::milliseconds kUsual{1000};
            constexpr std::chrono::milliseconds kShortest{100};
            invocation.watch = kUsual;
            if (text.empty()) return;
            const auto interval = parse_duration(text);
            if (!interval) throw CLI::ValidationError("--watch", interval.error().message);
            if (*interval < kShortest) {
              throw CLI::ValidationError("--watch", "`" + text + "` is less than 100ms");
            }
            invocation.watch = std::chrono::duration_cast<std::chrono::milliseconds>(*interval);
          },
          "Show it again every second, or every so often: --watch=500ms")
      ->type_name("")
      ->expected(0, 1);
}

int show(const Invocation& invocation, const Showing& once, const std::function<void()>& pause) {
  if (!invocation.watch) return once(invocation);
  const Console& console = invocation.console;
  for (bool is_first = true;; is_first = false) {
    std::ostringstream text;
    Console buffer{text, console.err, console.is_terminal, console.coloured};
    Invocation buffered(buffer);
    buffered.url = invocation.url;
    buffered.output = invocation.output;
    buffered.watch = invocation.watch;
    if (const int status = once(buffered); status != kExitOk) return status;
    if (console.is_terminal) {
      console.out << drawn(text.str(), is_first);
    } else {
      console.out << (is_first ? "" : "\n") << text.str();
    }
    console.out.flush();
    pause();
  }
}

int show(const Invocation& invocation, const Showing& once) {
  return show(invocation, once, [&invocation] { std::this_thread::sleep_for(*invocation.watch); });
}

}  // namespace faultline
