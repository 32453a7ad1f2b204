#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/child.h"
#include "bench/load.h"

namespace faultline::bench {

/// What contenders are started with.
struct LaunchSettings {
  std::string folder;                                 ///< For configurations and logs.
  std::string faultline_binary;                       ///< A path.
  std::vector<std::string> faultline_arguments = {};  ///< Besides those it always gets.
  std::size_t workers = 1;                            ///< Threads or processes that move bytes.
  std::size_t most_open_files = 1024;
};

/// One way to the origin: direct, or through a proxy.
class Contender {
 public:
  virtual ~Contender() = default;

  const std::string& name() const { return name_; }

  /// Where load goes. REQUIRES: started.
  Target target() const;

  /// How many connections it is fair to open; it may need a process for each.
  virtual std::size_t most_connections() const { return SIZE_MAX; }

  /// Makes the way ready, anew if it was, and sees a byte come back through
  /// it. Errors: kNotFound, what it needs is not installed; kNetwork, with what
  /// the program said.
  virtual Result<void> start() = 0;

  /// False if it was running before us, so that start() cannot make it fresh.
  virtual bool can_restart() const { return true; }

 protected:
  /// `origin` must outlive the contender.
  Contender(std::string name, OriginProcess& origin) : name_(std::move(name)), origin_(origin) {}

  /// Whether a byte came back through `port`.
  Result<void> probe(std::uint16_t port) const;

  OriginProcess& origin() const { return origin_; }
  void set_target(std::uint16_t port, std::optional<pid_t> process);

 private:
  const std::string name_;
  OriginProcess& origin_;
  std::uint16_t port_ = 0;
  std::optional<pid_t> process_;
};

/// The client connects to the origin itself.
class Direct final : public Contender {
 public:
  explicit Direct(OriginProcess& origin) : Contender("direct", origin) {}
  Result<void> start() override;
};

/// A proxy that somebody else has started in front of the origin.
class Peer final : public Contender {
 public:
  Peer(std::string name, std::uint16_t port, pid_t process, OriginProcess& origin)
      : Contender(std::move(name), origin), proxy_port_(port), process_(process) {}
  Result<void> start() override;
  bool can_restart() const override { return false; }

 private:
  const std::uint16_t proxy_port_;
  const pid_t process_;
};

/// A program and what it is told.
struct Command {
  std::string program;
  std::vector<std::string> arguments;
};

/// A proxy of our own, on a port of its own; ended with this object.
class LaunchedProxy final : public Contender {
 public:
  struct Ports {
    std::uint16_t listen = 0;
    std::uint16_t origin = 0;
  };
  /// One kind of proxy, and how to start it. Errors of `command`: kNotFound, a
  /// part of it is not installed; kNetwork, its configuration cannot be written.
  struct Kind {
    const char* name;
    Result<Command> (*command)(const LaunchSettings& settings, const Ports& ports);
    std::size_t most_connections;
  };

  /// All kinds there are, those that are not compared unless asked for last.
  static const std::vector<Kind>& kinds();

  /// `settings` and `origin` must outlive the proxy.
  LaunchedProxy(const Kind& kind, const LaunchSettings& settings, OriginProcess& origin)
      : Contender(kind.name, origin), kind_(kind), settings_(settings) {}

  Result<void> start() override;
  std::size_t most_connections() const override { return kind_.most_connections; }

  /// Ends it. Errors: kNetwork, it did not end in time, or not with success.
  Result<void> end();

  /// What it has written so far.
  std::string log() const { return read_file(log_path()); }

 private:
  Result<void> start_on(std::uint16_t port);
  std::string log_path() const { return settings_.folder + "/" + name() + ".log"; }

  const Kind kind_;
  const LaunchSettings& settings_;
  Child child_;
};

}  // namespace faultline::bench
