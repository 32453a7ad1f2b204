#include "cli/exec.h"

#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/nearest_name.h"
#include "base/verify.h"
#include "cli/child_process.h"
#include "cli/exit_codes.h"
#include "cli/inherited.h"
#include "cli/loop_end.h"
#include "cli/placeholders.h"
#include "cli/serve.h"
#include "cli/server.h"
#include "cli/signal_queue.h"

namespace faultline {

namespace {

constexpr int kExitCannotRun = 126;  // As shells say it,
constexpr int kExitNoProgram = 127;  // both.

/// What is passed on to the child, and SIGCHLD.
const std::vector<int>& queued_signals() {
  static const std::vector<int> kAll = {SIGINT,  SIGTERM, SIGHUP,   SIGQUIT,
                                        SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD};
  return kAll;
}

/// Whether a process that does nothing about it is ended by it.
bool ends_process(int number) {
  return number != SIGWINCH && number != SIGCHLD;
}

int exit_code_of(const Error& error) {
  return error.kind == ErrorKind::kNetwork ? kExitUnreachable : kExitUsage;
}

/// The server, the child, and what runs between them.
class Execution {
 public:
  Execution(uv_loop_t& loop, const ExecOptions& options, const Inherited& inherited)
      : loop_(loop),
        options_(options),
        inherited_(inherited),
        signals_(loop, queued_signals()),
        server_(loop, options.server) {}

  /// Runs the loop until the child has ended. Errors have set exit_code().
  Result<void> run() {
    if (auto served = serve(); !served) {
      exit_code_ = exit_code_of(served.error());
      return served;
    }
    server_.log_start();
    const auto environment = environment_changes();
    if (!environment) {
      exit_code_ = kExitUsage;
      return Fail(environment.error());
    }
    // What has come until now has met no child: it is for us.
    while (const auto signal = signals_.take()) {
      const int number = static_cast<int>(signal->ssi_signo);
      constexpr int kBySignal = 128;  // As shells say it.
      if (!ends_process(number)) continue;
      exit_code_ = kBySignal + number;
      return {};
    }
    const auto child = start_child(options_.command, *environment, inherited_);
    if (!child) {
      exit_code_ = child.error().kind == ErrorKind::kNotFound ? kExitNoProgram : kExitCannotRun;
      return Fail(child.error());
    }
    child_ = *child;
    signals_.watch([this](const SignalQueue::Info& signal) { take(signal); });
    uv_run(&loop_, UV_RUN_DEFAULT);
    return {};
  }

  int exit_code() const { return exit_code_; }

 private:
  Result<void> serve() {
    if (auto started = server_.start(); !started) return started;
    for (const ToxicOption& option : options_.toxics) {
      Registry& registry = server_.registry();
      if (!registry.find(option.proxy)) return unknown_proxy(option);
      const auto added = registry.add_toxic(option.proxy, option.toxic);
      if (added) continue;
      const bool is_twice = added.error().kind == ErrorKind::kConflict;
      return fail(ErrorKind::kInvalid, "--toxic: `" + option.toxic.name + "` on `" + option.proxy +
                                           "`: " + added.error().message +
                                           (is_twice ? "; name=... tells them apart" : ""));
    }
    return {};
  }

  Fail unknown_proxy(const ToxicOption& option) {
    std::vector<std::string> names;
    std::string all;
    for (const ProxySpec* proxy : server_.registry().list()) {
      names.push_back(proxy->name);
      all += (all.empty() ? "" : ", ") + proxy->name;
    }
    const std::string meant = did_you_mean(option.proxy, names);
    return fail(ErrorKind::kInvalid,
                "--toxic: no proxy is named `" + option.proxy + "`" +
                    (meant.empty() ? "; there are " + (all.empty() ? "none" : all) : meant));
  }

  Result<std::map<std::string, std::string>> environment_changes() {
    const std::string url = "http://" + server_.api_address();
    const auto placeholders = placeholders_of(server_.registry().list(), url);
    if (!placeholders) return Fail(placeholders.error());
    std::map<std::string, std::string> changes = {{"FAULTLINE_URL", url}, {"TOXIPROXY_URL", url}};
    for (const auto& [name, text] : options_.environment) {
      auto value = filled_in(text, *placeholders);
      if (!value) return within("--env " + name, value.error());
      changes[name] = *std::move(value);
    }
    return changes;
  }

  void take(const SignalQueue::Info& signal) {
    if (signal.ssi_signo == SIGCHLD) {
      reap();
      return;
    }
    if (child_has_ended_) return;  // Its number may be another's by now.
    // One that a terminal sent to the process group has reached a child that is still in it.
    if (is_from_process(signal) || getpgid(child_) != getpgrp()) {
      kill(child_, static_cast<int>(signal.ssi_signo));
    }
  }

  /// As process 1 of a container we inherit orphans, and bury them too.
  void reap() {
    int status = 0;
    for (pid_t ended = waitpid(-1, &status, WNOHANG); ended > 0;
         ended = waitpid(-1, &status, WNOHANG)) {
      if (ended != child_) continue;
      exit_code_ = faultline::exit_code_of(status);
      child_has_ended_ = true;
      uv_stop(&loop_);
    }
  }

  uv_loop_t& loop_;
  const ExecOptions& options_;
  const Inherited& inherited_;
  SignalQueue signals_;  // Before the server: its threads are to have them blocked.
  Server server_;
  pid_t child_ = -1;
  bool child_has_ended_ = false;
  int exit_code_ = kExitFailed;
};

}  // namespace

int run_exec(const ExecOptions& options, const Console& console) {
  const Inherited inherited;
  prepare_process();
  std::signal(SIGCHLD, SIG_DFL);  // Ignored by who started us, it would hide the child's status.
  uv_loop_t loop;
  VERIFY(uv_loop_init(&loop) == 0);
  std::optional<Execution> execution(std::in_place, loop, options, inherited);
  start_log(options.server.log_level, options.server.log_format);
  const auto result = execution->run();
  const int status = execution->exit_code();
  if (!result) console.err << "faultline exec: " << printable(result.error().message) << '\n';
  execution.reset();
  close_loop_or_exit(loop, status);
  stop_log();
  return status;
}

}  // namespace faultline
