#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "proxy/compact_address.h"
#include "zones/zone_map.h"

namespace faultline {

/// What a proxy's worker says of a probe that it has accepted, to whoever dials it.
struct ProbeMark {
  /// The connection's ordinal plus 1; 0 until it is accepted.
  std::atomic<std::uint64_t> connection{0};
  std::atomic<bool> is_dialled{false};        ///< Its upstream was reached,
  std::atomic<ZoneId> reached{kUnknownZone};  ///< which is in this zone; known once it is dialled.
};

/// The probes that dial one proxy at present. They are connections as any other, but that nobody's
/// counts of who was matched, cut or refused have them: a cut is not proved by who asks for proof.
/// Any thread. While none is expected nobody is kept from accepting.
class ExpectedProbes {
 public:
  /// Who comes from there, port included, at `now` or soon after, is a probe: once.
  std::shared_ptr<ProbeMark> expect(const CompactAddress& from, TimePoint now);
  /// It does not come.
  void forget(const CompactAddress& from);

  /// Somebody has come. Null unless he was expected.
  std::shared_ptr<ProbeMark> take(const SocketAddress& client);

 private:
  struct Expected {
    CompactAddress from;
    std::shared_ptr<ProbeMark> mark;
    TimePoint until;
  };

  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::vector<Expected> expected_;
};

}  // namespace faultline
