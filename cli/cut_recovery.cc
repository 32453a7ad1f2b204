#include "cli/cut_recovery.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "cli/amounts.h"
#include "cli/cut_proof.h"
#include "cli/v1_action.h"
#include "cli/waiting_line.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kAtLeastMs = 1000;
constexpr double kAtMostMs = 5000;

double watched_ms(const Json& recovery) {
  return recovery.value("watched_ms", 0.0);
}

/// Of a direction, or of all of them.
bool is_back(const Json& link) {
  return link.value("first_byte_after_ms", Json()).is_number();
}

/// The directions in which connections were cut, and no byte has gone yet again.
std::vector<std::string> still_silent(const Json& recovery) {
  std::vector<std::string> silent;
  for (const Json& link : list_at(recovery, "links")) {
    if (count_at(link, "kept_apart") == 0 || is_back(link)) continue;
    silent.push_back(text_at(link, "from") + ">" + text_at(link, "to"));
  }
  return silent;
}

bool is_awaited(const Json& recovery) {
  if (text_at(recovery, "state") != "watching") return false;
  const double watched = watched_ms(recovery);
  if (watched < kAtLeastMs) return true;
  const bool counts = recovery.value("cut_all", false);
  return counts && !still_silent(recovery).empty() && watched < kAtMostMs;
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

Result<Json> await_recovery(const Invocation& invocation, const V1Remote& remote,
                            const std::string& partition) {
  const WaitingLine waiting(invocation, "waiting for what comes back, for 5 s at the most");
  const std::string path = v1_partition_path(partition) + "/recovery";
  const auto deadline = std::chrono::steady_clock::now() + WaitingLine::kPatience;
  auto recovery = remote.call("GET", path);
  while (recovery && is_awaited(*recovery) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(WaitingLine::kLookEvery);
    recovery = remote.call("GET", path);
  }
  if (!recovery && recovery.error().kind == ErrorKind::kNotFound) return Json(nullptr);
  return recovery;
}

std::string recovery_in_words(const Json& recovery) {
  const std::string reconnects = reconnects_in_words(recovery);
  if (!recovery.value("cut_all", false)) return reconnects;
  double last = 0;
  bool was_cut = false;
  for (const Json& link : list_at(recovery, "links")) {
    was_cut = was_cut || count_at(link, "kept_apart") > 0;
    if (is_back(link)) last = std::max(last, link.at("first_byte_after_ms").get<double>());
  }
  std::string text;
  if (is_back(recovery)) {
    const auto first = recovery.at("first_byte_after_ms").get<double>();
    text = "the first byte crossed again after " + milliseconds_in_words(first);
    if (const auto silent = still_silent(recovery); !silent.empty()) {
      text += ", none yet " + few_in_words(silent, 6);
    } else if (last > first) {
      text += ", every way after " + milliseconds_in_words(last);
    }
  } else {
    text = was_cut ? "no byte has crossed again in " + milliseconds_in_words(watched_ms(recovery))
                   : "no connection was cut, and no byte has crossed since";
  }
  return text + "; " + reconnects;
}

}  // namespace faultline
