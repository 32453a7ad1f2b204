#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/load.h"
#include "bench/pattern.h"
#include "bench/poller.h"

namespace faultline::bench {

/// As many bytes as will go, one way.
struct BulkSettings {
  enum class Way { kUpload, kDownload };
  Way way = Way::kDownload;
  std::size_t connections = 1;
};

/// Bulk connections. Throughput is counted where bytes arrive. Most are thrown
/// away unread, which costs next to nothing, and each 64th piece is compared;
/// in the end the numbers of bytes sent and received must be the same. An
/// upload and a download may run at the same time if both are made before
/// either is started: the last one made begins the origin's run.
class BulkLoad {
 public:
  /// `target` must outlive the load.
  BulkLoad(const Target& target, const BulkSettings& settings);
  ~BulkLoad();  ///< Closes the connections, with a reset if they are not finished.
  BulkLoad(const BulkLoad&) = delete;
  BulkLoad& operator=(const BulkLoad&) = delete;

  /// Opens the connections; bytes begin to flow. Errors: kNetwork.
  Result<void> start();

  /// REQUIRES: started. May be called again.
  LoadResult measure(const Window& window);

  /// Stops the senders, waits until nothing is under way any more, and adds to
  /// `result` what was lost or wrong.
  void finish(LoadResult& result);

 private:
  class Connection;

  bool is_download() const { return settings_.way == BulkSettings::Way::kDownload; }
  std::uint64_t arrived_bytes() const;
  std::uint64_t departed_bytes() const;
  std::vector<std::uint64_t> moved_each() const;
  bool all_arrived() const;
  void turn_until(TimePoint end);

  const Target& target_;
  const BulkSettings settings_;
  const Pattern pattern_;
  Poller poller_;
  std::vector<char> buffer_;  // For the bytes of one read.
  std::vector<std::unique_ptr<Connection>> connections_;
  bool sending_ = true;
  bool finished_ = false;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t mismatches_ = 0;
  std::uint64_t broken_ = 0;

  // What has arrived since the first piece of the window, and when.
  TimePoint first_arrival_ = kNever;
  TimePoint last_arrival_{};
  std::uint64_t bytes_after_first_ = 0;
};

}  // namespace faultline::bench
