#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/poller.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench {

/// Those who follow the events of a Faultline while it is measured: some take
/// all that comes at once, on a thread of their own, others never read a byte.
class Subscribers {
 public:
  struct Numbers {
    std::size_t reading = 1;
    std::size_t stalled = 1;
  };

  /// What those who read were told.
  struct Summary {
    std::size_t drops = 0;     ///< Of subscribers, that each of them was told of.
    std::uint64_t missed = 0;  ///< Events that one of them did not get, over all of them.
    std::string fault;         ///< The first thing that went wrong; "" if nothing did.
  };

  Subscribers();
  ~Subscribers();  ///< Ends their connections.
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  /// Subscribes, at the control API of `port`, to what comes after event `since`,
  /// and starts to read. Errors: kNetwork. REQUIRES: it is called once.
  Result<void> start(std::uint16_t port, std::uint64_t since, const Numbers& numbers);

  /// How many drops each of those who read has been told of. Any thread.
  std::size_t drops() const { return drops_; }

  /// Waits a while until each of those who read has the event `last`, and ends it all.
  Summary end(std::uint64_t last);

 private:
  class Reader;

  bool have_begun() const;
  void read_all();
  void stop_reading();

  Poller poller_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<FileDescriptor> stalled_;
  std::thread thread_;  // Reads; has the readers for itself while it runs.
  std::atomic<bool> is_over_{false};
  std::atomic<std::size_t> drops_{0};   // The fewest of any reader,
  std::atomic<std::uint64_t> last_{0};  // and the earliest.
};

}  // namespace faultline::bench
