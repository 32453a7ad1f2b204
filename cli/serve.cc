#include "cli/serve.h"

#include <sys/resource.h>
#include <uv.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/log.h"
#include "base/verify.h"
#include "cli/exit_codes.h"
#include "cli/loop_end.h"
#include "cli/server.h"
#include "cli/signals.h"

namespace faultline {

namespace {

/// The server and what signals make it do.
class Service {
 public:
  Service(uv_loop_t& loop, const ServeOptions& options)
      : loop_(loop),
        server_(loop, options),
        signals_(loop, {SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int number) { take(number); }) {}

  Result<void> start() { return server_.start(); }
  void log_start() const { server_.log_start(); }

 private:
  void take(int number) {
    if (number == SIGHUP) {
      if (!stopping_) server_.reload();
    } else if (number == SIGUSR1) {
      if (!stopping_) server_.clear_toxics();
    } else if (stopping_) {
      constexpr int kKilledBySignal = 128;  // As shells say it.
      std::_Exit(kKilledBySignal + number);
    } else {
      stopping_ = true;
      log(LogLevel::kInfo, "server", "stopping: no new connections, waiting for open ones",
          {{"again", "a second signal ends at once"}});
      server_.drain([this] { uv_stop(&loop_); });
    }
  }

  uv_loop_t& loop_;
  Server server_;
  Signals signals_;
  bool stopping_ = false;
};

}  // namespace

int serve(const ServeOptions& options) {
  prepare_process();
  uv_loop_t loop;
  VERIFY(uv_loop_init(&loop) == 0);
  std::optional<Service> service(std::in_place, loop, options);
  const auto started = service->start();
  int status = kExitOk;
  if (started) {
    // Not before: of a start that fails, the one line on stderr is all there is to read.
    start_log(options.log_level, options.log_format);
    service->log_start();
    uv_run(&loop, UV_RUN_DEFAULT);
    log(LogLevel::kInfo, "server", "stopped");
  } else {
    std::fprintf(stderr, "faultline: %s\n", started.error().message.c_str());
    status = kExitUsage;
  }
  service.reset();
  close_loop_or_exit(loop, status);
  stop_log();
  return status;
}

void prepare_process() {
  setenv("UV_THREADPOOL_SIZE", "64", /*overwrite=*/0);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace faultline
