#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bench/poller.h"
#include "bench/truth/wire.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench::truth {

/// When the parts of an exchange happened.
struct ExchangeTimes {
  TimePoint begun;      ///< Of a first exchange: before connect(). Else: as `asked`.
  TimePoint connected;  ///< As the kernel said it.
  TimePoint asked;      ///< Just before the request was sent.
  TimePoint answered;   ///< The last byte of the answer was there.
};

class LoadLoop;

/// What is to happen when.
using Agenda = std::multimap<TimePoint, std::function<void()>>;

/// A client's connection: it connects, asks, and takes the answer.
class Caller final : public Handler {
 public:
  struct Settings {
    Endpoint to;
    std::string congestion;
    std::uint64_t answer_bytes = kEchoBytes;
    /// An answer is complete. It may call ask_again_at() or end().
    std::function<void(Caller&, const ExchangeTimes&)> on_answer;
    /// Bytes of an answer came. May be empty.
    std::function<void(TimePoint, std::size_t)> on_bytes;
    /// The connection broke before an answer was complete; the caller has ended.
    std::function<void(const std::string&)> on_failure;
  };

  /// REQUIRES: made by LoadLoop::open().
  Caller(Settings settings, LoadLoop& loop) : settings_(std::move(settings)), loop_(loop) {}

  /// Sends the request once more at `when`. REQUIRES: an answer is complete.
  void ask_again_at(TimePoint when);

  /// Closes the connection. The caller is destroyed when the loop has turned.
  void end();

  void on_ready(std::uint32_t events) override;

  std::list<std::unique_ptr<Caller>>::iterator place;

 private:
  friend class LoadLoop;

  void connect();
  void on_connected();
  void ask();
  void take_answer();
  void fail_with(const std::string& what);

  const Settings settings_;
  LoadLoop& loop_;
  FileDescriptor socket_;
  ExchangeTimes times_;
  std::uint64_t missing_ = 0;  // Of the answer.
  bool is_connected_ = false;
  std::optional<Agenda::iterator> next_;  // When it asks again.
};

/// The one thread of a client: connections and an agenda.
class LoadLoop {
 public:
  /// Does `what` at `when`, in turn().
  void at(TimePoint when, std::function<void()> what) { agenda_.emplace(when, std::move(what)); }

  /// Opens a connection; it lives until it ends itself or the loop goes.
  void open(Caller::Settings settings);

  /// Runs until `until`, until `is_done` says so (asked after each turn), or
  /// the process is told to stop.
  void run(TimePoint until, const std::function<bool()>& is_done);

 private:
  friend class Caller;

  Poller poller_;
  Agenda agenda_;
  std::list<std::unique_ptr<Caller>> callers_;
  std::list<std::unique_ptr<Caller>> retired_;  // Destroyed after the present turn.
};

}  // namespace faultline::bench::truth
