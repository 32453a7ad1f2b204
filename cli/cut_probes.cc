#include "cli/cut_probes.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "cli/amounts.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::milliseconds kPatience{10'000};
constexpr double kRecoveryAtLeastMs = 1000;
constexpr double kRecoveryAtMostMs = 5000;

/// A line that is there while something is waited for, on a terminal.
class Waiting {
 public:
  Waiting(const Invocation& invocation, const std::string& text)
      : out_(invocation.console.out),
        is_shown_(invocation.console.is_terminal && !wants_json(invocation)) {
    if (is_shown_) out_ << invocation.console.dim(text) << std::flush;
  }
  ~Waiting() {
    if (is_shown_) out_ << "\r\x1b[K" << std::flush;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::ostream& out_;
  const bool is_shown_;
};

Json list_at(const Json& object, const char* key) {
  return object.value(key, Json::array());
}

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

double watched_ms(const Json& recovery) {
  return recovery.value("watched_ms", 0.0);
}

bool is_back(const Json& link) {
  return link.value("first_byte_after_ms", Json()).is_number();
}

/// The directions in which connections were cut, and no byte has gone yet again.
std::vector<std::string> still_silent(const Json& recovery) {
  std::vector<std::string> silent;
  for (const Json& link : list_at(recovery, "links")) {
    if (count_at(link, "cut") == 0 || is_back(link)) continue;
    silent.push_back(text_at(link, "from") + ">" + text_at(link, "to"));
  }
  return silent;
}

bool is_awaited(const Json& recovery) {
  if (text_at(recovery, "state") != "watching") return false;
  const double watched = watched_ms(recovery);
  if (watched < kRecoveryAtLeastMs) return true;
  const bool counts = recovery.value("cut_all", false);
  return counts && !still_silent(recovery).empty() && watched < kRecoveryAtMostMs;
}

std::string joined(const std::vector<std::string>& words, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
    text += (text.empty() ? "" : ", ") + words[i];
  }
  return words.size() > most ? text + " and " + std::to_string(words.size() - most) + " more"
                             : text;
}

std::string reconnects_in_words(const Json& recovery) {
  std::uint64_t most = 0;
  for (const Json& count : list_at(recovery, "reconnects_per_second")) {
    most = std::max(most, count.get<std::uint64_t>());
  }
  const std::uint64_t all = count_at(recovery, "reconnects");
  std::string text =
      amount_of(all, "reconnect") + " in " + milliseconds_in_words(watched_ms(recovery));
  return all == 0 ? text : text + ", " + grouped(most) + " in a second at the most";
}

}  // namespace

void add_verify_option(CLI::App& command, bool& verify, const std::string& description) {
  const bool is_default = verify;
  command.add_flag_callback(
      "--verify", [&verify] { verify = true; }, description + (is_default ? " (default)" : ""));
  command.add_flag_callback(
      "--no-verify", [&verify] { verify = false; }, is_default ? "Do not" : "Do not (default)");
}

Result<Json> probe_cut(const Invocation& invocation, const V1Remote& remote,
                       const std::string& partition) {
  const Waiting waiting(invocation, "verifying: dialling between the zones, for 2 s at the most");
  const std::string path = v1_partition_path(partition);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto effect = remote.call("POST", path + "/probes");
  while (effect && is_pending(*effect)) {
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorKind::kNetwork, "the server's probes do not come to an end");
    }
    std::this_thread::sleep_for(kLookEvery);
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
    console.out << console.dim("  not probed: " + joined(pairs, 6) + ": " + printable(why)) << '\n';
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

Result<Json> await_recovery(const Invocation& invocation, const V1Remote& remote,
                            const std::string& partition) {
  const Waiting waiting(invocation, "waiting for what comes back, for 5 s at the most");
  const std::string path = v1_partition_path(partition) + "/recovery";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto recovery = remote.call("GET", path);
  while (recovery && is_awaited(*recovery) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kLookEvery);
    recovery = remote.call("GET", path);
  }
  if (!recovery && recovery.error().kind == ErrorKind::kNotFound) return Json(nullptr);
  return recovery;
}

std::string recovery_in_words(const Json& recovery) {
  const std::string reconnects = reconnects_in_words(recovery);
  if (!recovery.value("cut_all", false)) return reconnects;
  std::optional<double> first;
  double last = 0;
  bool was_cut = false;
  for (const Json& link : list_at(recovery, "links")) {
    was_cut = was_cut || count_at(link, "cut") > 0;
    if (!is_back(link)) continue;
    const double after = link.at("first_byte_after_ms").get<double>();
    first = std::min(first.value_or(after), after);
    last = std::max(last, after);
  }
  std::string text =
      "the first byte crossed again after " + milliseconds_in_words(first.value_or(0));
  if (!first) {
    text = was_cut ? "no byte has crossed again in " + milliseconds_in_words(watched_ms(recovery))
                   : "no connection was cut, and no byte has crossed since";
  } else if (const auto silent = still_silent(recovery); !silent.empty()) {
    text += ", none yet " + joined(silent, 6);
  } else if (last > *first) {
    text += ", every way after " + milliseconds_in_words(last);
  }
  return text + "; " + reconnects;
}

}  // namespace faultline
