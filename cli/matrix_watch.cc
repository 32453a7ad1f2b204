#include "cli/matrix_watch.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/timestamp.h"
#include "cli/exit_codes.h"
#include "cli/matrix_view.h"
#include "cli/terminal_screen.h"
#include "cli/terminal_size.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// As many lines as the terminal is high, the keys the last.
std::vector<std::string> screen_of(const MatrixModel& model, const std::string& server,
                                   const Console& console) {
  const TerminalSize size = terminal_size();
  std::vector<std::string> lines = {console.dim(("Faultline at " + server).substr(0, size.width)),
                                    ""};
  for (std::string& line : matrix_lines(model, size.width, console)) {
    lines.push_back(std::move(line));
  }
  lines.resize(size.height);
  if (!lines.empty()) lines.back() = console.dim("q: quit");
  return lines;
}

}  // namespace

bool MatrixWatch::is_over(const MatrixModel& model) const {
  return !until_.empty() && !model.has_partition(until_);
}

MatrixWatch::End MatrixWatch::run() {
  const bool has_terminal = invocation_.console.is_terminal && TerminalScreen::is_there();
  return has_terminal && !wants_json(invocation_) ? run_on_terminal() : run_for_script();
}

MatrixWatch::End MatrixWatch::run_on_terminal() {
  auto model = look_at_matrix(remote_);
  if (model) {
    TerminalScreen screen(invocation_.console.out);
    const V1Remote interruptible = remote_.interrupted_by(screen.signals());
    while (model && !is_over(*model)) {
      screen.draw(screen_of(*model, invocation_.url, invocation_.console));
      const Clock::time_point next = Clock::now() + *invocation_.watch;
      for (auto now = Clock::now(); now < next; now = Clock::now()) {
        const auto input = screen.wait(std::chrono::ceil<std::chrono::milliseconds>(next - now));
        if (input.signal == SIGWINCH) break;
        if (input.signal != 0) return {.status = 128 + input.signal};
        if (input.keys.find('q') != std::string::npos) return {.status = kExitOk};
      }
      do {
        model = look_at_matrix(interruptible);
        const int signal = model ? 0 : screen.wait(std::chrono::milliseconds(0)).signal;
        if (signal == 0) break;
        if (signal != SIGWINCH) return {.status = 128 + signal};
      } while (true);
    }
  }
  if (!model) return {.status = report_v1(invocation_, model.error())};
  return {.status = kExitOk, .has_ended = true};
}

MatrixWatch::End MatrixWatch::run_for_script() {
  std::ostream& out = invocation_.console.out;
  for (MatrixModel before;;) {
    auto model = look_at_matrix(remote_);
    if (!model) return {.status = report_v1(invocation_, model.error())};
    if (wants_json(invocation_)) {
      const auto answer = remote_.call("GET", "/v1/matrix");
      if (!answer) return {.status = report_v1(invocation_, answer.error())};
      out << answer->dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    } else {
      const std::string time = timestamp_now();
      for (const std::string& line : matrix_changes(before, *model)) {
        out << time << "  " << line << '\n';
      }
    }
    out.flush();
    if (is_over(*model)) return {.status = kExitOk, .has_ended = true};
    before = *std::move(model);
    std::this_thread::sleep_for(*invocation_.watch);
  }
}

}  // namespace faultline
