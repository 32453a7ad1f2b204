#include "bench/contender.h"

#include <csignal>
#include <thread>
#include <utility>

#include "bench/echo_load.h"
#include "bench/poller.h"
#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kStartPatience = 10s;
constexpr Duration kProbePatience = 2s;
constexpr std::chrono::milliseconds kEndPatience = 10s;
constexpr int kAttempts = 3;  // A port that was free can be gone.

/// The last line of `text` that says something.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

}  // namespace

Target Contender::target() const {
  Target target{.origin = origin_, .port = port_, .cost = std::nullopt};
  if (process_) target.cost = ProcessTree(*process_);
  return target;
}

Result<void> Contender::probe(std::uint16_t port) const {
  const Target target{.origin = origin_, .port = port, .cost = std::nullopt};
  return EchoLoad(target, {.connections = 1, .message_bytes = 1}).connect_all(kProbePatience);
}

void Contender::set_target(std::uint16_t port, std::optional<pid_t> process) {
  port_ = port;
  process_ = process;
}

Result<void> Direct::start() {
  set_target(origin().port(), std::nullopt);
  return probe(origin().port());
}

Result<void> Peer::start() {
  const std::string where = "127.0.0.1:" + std::to_string(proxy_port_);
  if (kill(process_, 0) != 0 && errno == ESRCH) {
    return fail(ErrorKind::kNotFound, "there is no process " + std::to_string(process_));
  }
  if (!probe(proxy_port_)) {
    return fail(ErrorKind::kNetwork, "nothing came back through " + where +
                                         "; its upstream has to be the origin, " +
                                         "127.0.0.1:" + std::to_string(origin().port()) +
                                         " (give the origin a port you know with --origin-port)");
  }
  set_target(proxy_port_, process_);
  return {};
}

Result<void> LaunchedProxy::start() {
  Result<void> started;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    started = start_on(find_free_port());
    if (started || started.error().kind == ErrorKind::kNotFound || stop_requested()) break;
  }
  return started;
}

Result<void> LaunchedProxy::end() {
  const std::optional<int> status = child_.end(kEndPatience);
  if (status == 0) return {};
  return fail(ErrorKind::kNetwork, status ? "it ended with status " + std::to_string(*status)
                                          : "it did not end by itself when asked to");
}

Result<void> LaunchedProxy::start_on(std::uint16_t port) {
  child_ = Child();
  auto command = kind_.command(settings_, {.listen = port, .origin = origin().port()});
  if (!command) return Fail(command.error());
  auto child = Child::run(command->program, command->arguments, log_path());
  if (!child) return Fail(child.error());
  child_ = *std::move(child);
  const TimePoint deadline = now() + kStartPatience;
  while (now() < deadline && !stop_requested() && child_.is_running()) {
    std::this_thread::sleep_for(10ms);
    if (!probe(port)) continue;
    set_target(port, child_.pid());
    return {};
  }
  return fail(ErrorKind::kNetwork, "it did not start: " + last_line(log()));
}

}  // namespace faultline::bench
