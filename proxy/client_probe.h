#pragma once

#include <netinet/tcp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "proxy/expected_probes.h"
#include "proxy/file_descriptor.h"
#include "proxy/probe_plan.h"

namespace faultline {

/// What somebody sees who dials through a proxy.
enum class ProbeOutcome {
  kNotProbed,  ///< Nobody has dialled, or what he has seen says nothing.
  kPending,    ///< It is too early to say.
  kRefused,    ///< RST answers its SYN, or a greeting is answered so.
  kTimedOut,   ///< Nothing answers its SYN.
  kReset,      ///< Connected, and then RST.
  kClosed,     ///< Connected, and then FIN.
  kHeld,       ///< Connected, and then nothing; the upstream was not reached.
  kAnswered,   ///< The upstream was reached, or bytes have come.
};
/// "not-probed", "pending", "refused", "timed-out", "reset", "closed", "held", "answered".
std::string_view to_string(ProbeOutcome outcome);
const std::vector<std::string>& probe_outcome_names();

/// One dial through a proxy, as a client's: it says what the proxy has to hear first, and nothing
/// to the upstream. It is looked after: it has no timer, and waits for nothing.
class ClientProbe {
 public:
  /// How long a silence has to be to be one: a SYN has been sent twice by then.
  static constexpr Duration kTimeLimit = std::chrono::seconds(2);

  /// Error (kNetwork): it cannot be dialled from there. `expected` is of the proxy, and is told
  /// before it is.
  static Result<std::unique_ptr<ClientProbe>> dial(const ProbePlan& plan, ExpectedProbes& expected,
                                                   TimePoint now);
  ClientProbe(const ClientProbe&) = delete;
  ClientProbe& operator=(const ClientProbe&) = delete;

  /// Goes on, and says what has come of it; once that is not kPending it stays so.
  ProbeOutcome look(TimePoint now);

  /// How long that took, or the time limit.
  Duration took() const { return took_; }
  /// Where it comes from, port included.
  const CompactAddress& from() const { return from_; }
  /// The ordinal plus 1 of the connection it has become; 0: none.
  std::uint64_t connection() const { return mark_->connection.load(); }
  /// How many SYNs it has sent that nothing has answered, until it hangs up.
  std::uint64_t unanswered_packets() const;
  /// Whether it is connected, and may yet become a connection of the proxy, also once it has hung
  /// up. REQUIRES: it has not.
  bool may_be_accepted() const;
  /// The zone that its upstream is in; kUnknownZone if it was not reached.
  ZoneId reached() const { return mark_->is_dialled.load() ? mark_->reached.load() : kUnknownZone; }
  /// Lets go of its socket: FIN, or RST if the upstream was not reached.
  void hang_up();

 private:
  ClientProbe(FileDescriptor socket, const ProbePlan& plan, CompactAddress from,
              std::shared_ptr<ProbeMark> mark, TimePoint now);

  tcp_info info() const;
  ProbeOutcome go_on();
  ProbeOutcome hear();
  ProbeOutcome understand() const;

  FileDescriptor socket_;
  const Protocol protocol_;
  const bool is_named_;
  const CompactAddress from_;
  const std::shared_ptr<ProbeMark> mark_;
  const TimePoint began_;
  std::string to_say_;
  std::string heard_;  // 64 bytes at the most.
  bool is_connected_ = false;
  ProbeOutcome outcome_ = ProbeOutcome::kPending;
  Duration took_{0};
};

}  // namespace faultline
