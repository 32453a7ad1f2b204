#pragma once

#include <cstddef>
#include <string>

#include "tests/support/http.h"
#include "tests/support/process.h"

namespace faultline::test {

/// A running `faultline serve` with its control API on a port of its own.
///
/// At the end it is told to stop, and the test fails unless it exits with 0,
/// in time and without a complaint of a sanitizer.
class ServerProcess {
 public:
  /// `options.arguments` follow `serve` and the address; waits until the API answers.
  explicit ServerProcess(Process::Options options = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// Where the control API listens.
  const std::string& address() const { return address_; }
  pid_t pid() const { return process_.pid(); }
  bool is_running() { return process_.is_running(); }
  void signal(int number) const { process_.signal(number); }
  int wait(milliseconds patience = kPatience) { return process_.wait(patience); }
  /// Ends it with SIGKILL, and waits; that is no failure.
  void kill();
  std::string log() const { return process_.standard_error(); }

  std::size_t resident_bytes() const;
  std::size_t open_files() const;

 private:
  Process process_;
  std::string address_;
  bool killed_ = false;
};

/// A server and a client of its control API: where most end-to-end tests begin.
struct World {
  explicit World(Process::Options options = {}) : server(std::move(options)) {}

  /// Makes a proxy on a port of its own, with `toxics` (the inside of a JSON
  /// array); returns the address it listens on.
  std::string add_proxy(const std::string& name, const std::string& upstream,
                        const std::string& toxics = "");
  /// Adds a toxic from its JSON; fails the test unless the answer is 200.
  void add_toxic(const std::string& proxy, const std::string& toxic);
  /// Changes one; `change` is JSON.
  void change_toxic(const std::string& proxy, const std::string& toxic, const std::string& change);
  void remove_toxic(const std::string& proxy, const std::string& toxic);
  /// One sample of /metrics, e.g. "faultline_connections_total{proxy=\"a\"}"; -1 if it is absent.
  double metric(const std::string& sample);

  ServerProcess server;
  Api api{server.address()};
};

/// How much smaller transfers and crowds are made, from FAULTLINE_TEST_SCALE
/// (default 1): sanitized builds are slow, so `dev` says 8 or so for them.
std::size_t scaled_down(std::size_t full);

/// True in a build without sanitizers, where bounds on time and memory hold.
bool is_fast_build();

/// Raises the limit on open files of this process, and so of servers started
/// later, as far as the kernel lets it.
void allow_many_files();

/// True while other programs want the processors too, such as a second run of
/// the tests: what was measured now says little. Looks anew every few seconds.
bool is_busy_machine();

/// `fast` in a fast build on a machine of its own, else ten times as long.
milliseconds bound(milliseconds fast);

}  // namespace faultline::test
