#include "bench/stop.h"

#include <csignal>

namespace faultline::bench {

namespace {

// What a signal handler may write to has to be of the process.
volatile std::sig_atomic_t stopping = 0;  // The signal that asked for it.

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { stopping = signal; };  // No SA_RESTART: waiting ends.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool stop_requested() {
  return stop_signal() != 0;
}

int stop_signal() {
  return stopping;
}

}  // namespace faultline::bench
