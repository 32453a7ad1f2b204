#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "proxy/compact_address.h"

namespace faultline {

/// What a proxy's worker says of a probe that it has accepted, to whoever dials it.
struct ProbeMark {
  /// The connection's ordinal plus 1; 0 until it is accepted.
  std::atomic<std::uint64_t> connection{0};
  std::atomic<bool> is_dialled{false};  ///< Its upstream was reached.
};

/// The probes that dial one proxy at present. They are connections as any other, but that nobody's
/// counts of who was matched, cut or refused have them: a cut is not proved by who asks for proof.
/// Any thread. While none is expected nobody is kept from accepting.
class ExpectedProbes {
 public:
  /// Whoever comes from there, port included, is a probe until forget().
  std::shared_ptr<ProbeMark> expect(const CompactAddress& from);
  void forget(const CompactAddress& from);

  /// Null for everybody else.
  std::shared_ptr<ProbeMark> find(const SocketAddress& client) const;

 private:
  std::atomic<std::size_t> count_{0};
  mutable std::mutex mutex_;
  std::vector<std::pair<CompactAddress, std::shared_ptr<ProbeMark>>> expected_;
};

}  // namespace faultline
