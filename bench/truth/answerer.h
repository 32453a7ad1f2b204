#pragma once

#include <list>
#include <memory>
#include <vector>

#include "base/result.h"
#include "bench/child.h"
#include "bench/poller.h"
#include "bench/truth/wire.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench::truth {

/// The server of all loads: it answers each request with as many bytes as it
/// asks for, and closes when its client does.
class Answerer {
 public:
  /// One that serves in a process of its own. Errors: kNetwork.
  static Result<Child> fork_off(FileDescriptor listener);

  ~Answerer();
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

 private:
  class Peer;

  explicit Answerer(FileDescriptor listener);

  /// Serves until the process is told to stop.
  void run();

  class Listener final : public Handler {
   public:
    explicit Listener(Answerer& owner) : owner_(owner) {}
    void on_ready(std::uint32_t) override { owner_.accept_all(); }

   private:
    Answerer& owner_;
  };

  void accept_all();
  void retire(Peer& peer);

  const FileDescriptor listener_;
  const std::vector<char> bytes_;  // What answers are made of.
  Poller poller_;
  Listener accepting_{*this};
  std::list<std::unique_ptr<Peer>> peers_;
  std::list<std::unique_ptr<Peer>> retired_;  // Destroyed after the present turn.
};

}  // namespace faultline::bench::truth
