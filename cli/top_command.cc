#include <algorithm>
#include <csignal>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/terminal_screen.h"
#include "cli/top.h"
#include "cli/top_view.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetween{1000};
constexpr std::chrono::seconds kPatience{2};  // Meanwhile no key is obeyed.

/// Until q, or a signal: returns the exit code.
int run(Top& top, const Console& console) {
  TerminalScreen screen(console.out);
  Clock::time_point next = Clock::now() + kBetween;
  for (;;) {
    screen.draw(top_lines(top.model(), terminal_size(), console));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    const auto input = screen.wait(std::max(left, std::chrono::milliseconds(0)));
    if (input.signal != 0 && input.signal != SIGWINCH) return 128 + input.signal;
    for (const char key : input.keys) {
      if (!top.press(key)) return kExitOk;
      if (top.model().is_trouble) break;  // Each further key might wait for the server as long.
    }
    if (input.keys.empty() && Clock::now() < next) continue;
    // It was there: from now on a server that is not is said on the screen.
    static_cast<void>(top.refresh());
    next = Clock::now() + kBetween;
  }
}

int top(const Invocation& invocation) {
  if (!invocation.console.is_terminal || !TerminalScreen::is_there()) {
    return usage_error(invocation,
                       "top: it needs a terminal; without one there is `faultline stats --watch`");
  }
  const auto url = parse_api_url(invocation.url);
  if (!url) return usage_error(invocation, "--host: " + url.error().message);
  Top shown(V1Remote(*url, kPatience), invocation.url);
  if (const auto first = shown.refresh(); !first) return report_v1(invocation, first.error());
  return run(shown, invocation.console);
}

}  // namespace

void add_top_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(
      root, {"top"}, "Watch proxies, toxics and connections live; cut and heal by key",
      "  faultline top\n"
      "\nKeys: up, down (or k, j) select a proxy. c cuts it: its connections end and new ones are\n"
      "refused. h heals it: enabled, and every toxic removed. H heals all, partitions of\n"
      "zones too. q quits.");
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation] { return top(invocation); });
}

}  // namespace faultline
