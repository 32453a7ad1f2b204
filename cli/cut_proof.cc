#include "cli/cut_proof.h"

#include <set>

#include "cli/amounts.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// "3 connections and 120 B".
std::string crossed_in_words(const Json& effect) {
  const std::uint64_t connections = count_at(effect, "crossed_connections");
  const std::uint64_t bytes = count_at(effect, "crossed_bytes");
  if (bytes == 0) return amount_of(connections, "connection");
  const std::string of_bytes = amount_of(bytes, "byte");
  return connections == 0 ? of_bytes : amount_of(connections, "connection") + " and " + of_bytes;
}

std::string counts_of(const Json& effect, const PartitionSpec& partition) {
  const auto part = [&](const std::string& name, const char* key) {
    return name + " " + grouped(count_at(effect, key));
  };
  std::string text = part("matched", "matched");
  if (partition.fault.reach.shadow) return text;
  if (!cuts(partition.mode)) return text + ", " + part("applied to", "applied");
  text += ", " + part("cut", "cut") + ", " + part("refused", "refused");
  if (count_at(effect, "dropped_packets") > 0) {
    text += ", " + part("dropped packets", "dropped_packets");
  }
  return text + ", " + part("crossed", "crossed");
}

std::string why_nothing(const Json& effect) {
  if (effect.value("refused_uncounted", Json::array()).empty()) {
    return "no connection went that way";
  }
  return "no connection was open that way, and the kernel, which refuses who dials, counts nobody";
}

std::string query_of_ended(const std::string& partition, const std::string& limit) {
  return "/v1/events" +
         query_of({{"type", "partition.ended"}, {"partition", partition}, {"limit", limit}});
}

}  // namespace

CutProof proof_of(const Json& effect, const PartitionSpec& partition) {
  CutProof proof{
      .verdict = CutProof::Verdict::kHeld, .counts = counts_of(effect, partition), .sentence = ""};
  const bool is_shadow = partition.fault.reach.shadow;
  if (count_at(effect, "crossed") > 0) {
    proof.verdict = CutProof::Verdict::kLeaked;
    proof.sentence = "the cut leaked: " + crossed_in_words(effect) + " crossed it";
  } else if (count_at(effect, "matched") == 0) {
    proof.verdict = CutProof::Verdict::kInconclusive;
    proof.sentence =
        "inconclusive: nothing matched, " + why_nothing(effect) + ", so nothing is proved";
  } else if (is_shadow) {
    proof.sentence = "it was a shadow: it has counted whom it would have met, and done nothing";
  } else if (!cuts(partition.mode)) {
    proof.sentence = count_at(effect, "applied") == 0 ? "nothing was sent that way"
                     : partition.mode == PartitionMode::kSlow
                         ? "what was sent that way was late"
                         : "what was sent that way lost packets";
  } else {
    proof.sentence = "the cut held, nothing crossed it";
  }
  return proof;
}

int exit_code_of(CutProof::Verdict verdict) {
  if (verdict == CutProof::Verdict::kInconclusive) return kExitInconclusive;
  return verdict == CutProof::Verdict::kLeaked ? kExitFailed : kExitOk;
}

Result<EndedPartition> last_ended(const V1Remote& remote, const std::string& partition) {
  const auto list = remote.call("GET", query_of_ended(partition, "1"));
  if (!list) return Fail(list.error());
  const Json events = list->value("events", Json::array());
  if (events.empty() || !events.back().value("effect", Json()).is_object()) {
    return fail(ErrorKind::kNotFound, "no partition `" + partition + "` has ended here");
  }
  const Json& event = events.back();
  return EndedPartition{.view = event.value("before", Json::object()),
                        .effect = event.value("effect", Json::object()),
                        .time = text_at(event, "time"),
                        .cause = text_at(event, "cause")};
}

std::vector<std::string> ended_partitions(const V1Remote& remote) {
  std::set<std::string> names;
  if (const auto list = remote.call("GET", query_of_ended("", "1000"))) {
    for (const Json& event : list->value("events", Json::array())) {
      names.insert(text_at(event, "partition"));
    }
  }
  return {names.begin(), names.end()};
}

std::string v1_partition_path(const std::string& partition) {
  return "/v1/partitions/" + path_segment(partition);
}

int tell_proof(const Invocation& invocation, const Json& effect, const PartitionSpec& partition) {
  const Console& console = invocation.console;
  const CutProof proof = proof_of(effect, partition);
  const int status = exit_code_of(proof.verdict);
  if (wants_json(invocation)) {
    print_indented(invocation, effect);
  } else {
    console.out << proof.counts;
    if (proof.verdict == CutProof::Verdict::kHeld)
      console.out << "; " << console.green(proof.sentence);
    console.out << '\n';
  }
  if (proof.verdict != CutProof::Verdict::kHeld) {
    console.out.flush();
    console.err << proof.sentence << '\n';
  }
  return status;
}

}  // namespace faultline
