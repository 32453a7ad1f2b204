#include "cli/cut_probes.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "cli/amounts.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"
#include "cli/waiting_line.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

bool is_pending(const Json& effect) {
  const Json probes = list_at(effect, "probes");
  return std::any_of(probes.begin(), probes.end(),
                     [](const Json& probe) { return text_at(probe, "outcome") == "pending"; });
}

std::string pair_of(const Json& probe) {
  return text_at(probe, "client") + " dials " + text_at(probe, "destination");
}

/// "timed out after 2.0 s".
std::string outcome_in_words(const Json& probe) {
  const std::string outcome = text_at(probe, "outcome");
  const std::string after = milliseconds_in_words(probe.value("after_ms", 0.0));
  if (outcome == "timed-out") return "timed out after " + after + ", its SYN was not answered";
  if (outcome == "held") return "connected, and then heard nothing for " + after;
  return outcome + " after " + after;
}

/// Whether somebody got through who should not have.
bool has_leaked(const Json& probe) {
  return probe.value("kept_out", Json()) == Json(false);
}

}  // namespace

Result<Json> probe_cut(const Invocation& invocation, const V1Remote& remote,
                       const std::string& partition) {
  const WaitingLine waiting(invocation,
                            "verifying: dialling between the zones, for 2 s at the most");
  const std::string path = v1_partition_path(partition);
  const auto deadline = std::chrono::steady_clock::now() + WaitingLine::kPatience;
  auto effect = remote.call("POST", path + "/probes");
  while (effect && is_pending(*effect)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorKind::kNetwork, "the server's probes do not come to an end");
    }
    std::this_thread::sleep_for(WaitingLine::kLookEvery);
    effect = remote.call("GET", path + "/effect");
  }
  if (!effect && effect.error().kind == ErrorKind::kNotFound) return Json(nullptr);
  return effect;
}

int tell_probes(const Invocation& invocation, const Json& effect) {
  const Console& console = invocation.console;
  const bool is_told = !wants_json(invocation);
  std::map<std::string, std::vector<std::string>> not_probed;  // Pairs, by the reason.
  std::vector<const Json*> leaked;
  const Json probes = list_at(effect, "probes");
  for (const Json& probe : probes) {
    if (text_at(probe, "outcome") == "not-probed") {
      not_probed[text_at(probe, "why")].push_back(pair_of(probe));
      continue;
    }
    const std::string line =
        pair_of(probe) + " through " + text_at(probe, "proxy") + ": " + outcome_in_words(probe);
    if (has_leaked(probe)) leaked.push_back(&probe);
    if (is_told) console.out << "  " << (has_leaked(probe) ? console.red(line) : line) << '\n';
  }
  for (const auto& [why, pairs] : not_probed) {
    if (!is_told) break;
    console.out << console.dim("  not probed: " + few_in_words(pairs, 6) + ": " + printable(why))
                << '\n';
  }
  if (leaked.empty()) return kExitOk;
  console.out.flush();
  for (const Json* probe : leaked) {
    console.err << "the cut leaks: a client of zone " << text_at(*probe, "client")
                << " has reached zone " << text_at(*probe, "destination") << " through proxy "
                << text_at(*probe, "proxy") << '\n';
  }
  return kExitFailed;
}

std::string probes_in_words(const Json& effect) {
  std::map<std::string, std::size_t> outcomes;
  const Json probes = list_at(effect, "probes");
  for (const Json& probe : probes) ++outcomes[text_at(probe, "outcome")];
  std::string text;
  for (const auto& [outcome, count] : outcomes) {
    text += (text.empty() ? ": " : ", ") + std::to_string(count) + " " + outcome;
  }
  return amount_of(probes.size(), "probe") + text;
}

}  // namespace faultline
