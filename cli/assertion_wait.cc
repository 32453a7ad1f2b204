#include "cli/assertion_wait.h"

#include <thread>
#include <vector>

#include "base/nearest_name.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What a partition has done, live or ended. Errors: kNotFound, with the nearest of both.
Result<Json> effect_of(const V1Remote& remote, const std::string& partition) {
  auto live = remote.call("GET", v1_partition_path(partition) + "/effect");
  if (live || live.error().kind != ErrorKind::kNotFound) return live;
  auto ended = last_ended(remote, partition);
  if (ended) return std::move(ended->effect);
  if (ended.error().kind != ErrorKind::kNotFound) return Fail(ended.error());
  const auto list = remote.call("GET", "/v1/partitions");
  if (!list) return Fail(list.error());
  std::vector<std::string> names = ended_partitions(remote);
  for (const Json& one : list->value("partitions", Json::array())) {
    names.push_back(one.value("name", ""));
  }
  return fail(ErrorKind::kNotFound, "there is no partition `" + partition +
                                        "`, and none has ended" + did_you_mean(partition, names));
}

Result<Json> counts_of(const V1Remote& remote, const Assertion& claim) {
  if (!claim.partition.empty()) return effect_of(remote, claim.partition);
  const auto stats = remote.call("GET", "/v1/stats");
  if (!stats) return stats;
  return claim.counts_in(*stats);
}

}  // namespace

int wait_for(const Invocation& invocation, const V1Remote& remote, const Assertion& claim,
             const std::string& text, std::chrono::nanoseconds within) {
  using Verdict = Assertion::Verdict;
  constexpr auto kBetween = std::chrono::milliseconds(50);
  const auto until = std::chrono::steady_clock::now() + within;
  for (;;) {
    const auto counts = counts_of(remote, claim);
    if (!counts && counts.error().kind != ErrorKind::kNotFound) {
      return report_v1(invocation, counts.error());
    }
    const auto values =
        counts ? claim.values_in(*counts) : Result<std::vector<double>>(Fail(counts.error()));
    const Verdict verdict = values ? claim.verdict_of(*counts, *values) : Verdict::kFails;
    if (verdict == Verdict::kHolds) return kExitOk;
    if (std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kBetween);
      continue;
    }
    if (!values) return report_v1(invocation, values.error());
    std::ostream& err = invocation.console.err;
    if (verdict == Verdict::kInconclusive) {
      err << printable(text) << ": inconclusive: nothing matched the partition, so nothing is "
          << "proved\n";
      return kExitInconclusive;
    }
    err << printable(text) << ": " << claim.objection(*values) << '\n';
    return kExitFailed;
  }
}

}  // namespace faultline
