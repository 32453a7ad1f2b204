#include "cli/partition_actions.h"

#include <nlohmann/json.hpp>

#include "cli/amounts.h"
#include "cli/cut_probes.h"
#include "cli/cut_recovery.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/matrix_watch.h"
#include "cli/read_partition.h"
#include "cli/v1_action.h"
#include "control-api/partition_words.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// Whom it met, and how soon: ": 2,400 open connections, in force after 18 ms".
std::string reach_in_words(const Json& effect, const PartitionSpec& partition) {
  const char* const key = cuts(partition.mode) ? "cut" : "matched";
  return ": " + amount_of(count_at(effect, key), "open connection") + ", in force after " +
         milliseconds_in_words(effect.value("in_force_after_ms", 0.0));
}

Error taken(const PartitionSubject& subject, const Error& error) {
  const std::string what = subject.zone.empty()
                               ? "there is a partition `" + subject.partition + "` already"
                               : "zone " + subject.zone + " is cut already, by the partition `" +
                                     subject.partition + "`";
  return {error.kind,
          what + ": --replace makes it this one instead, `" + subject.how_to_heal() + "` ends it",
          {}};
}

/// What becomes of its connections now.
std::string afterwards(const PartitionSpec& partition) {
  if (!cuts(partition.mode) || partition.fault.reach.shadow) return "";
  if (ends_connections(partition.mode)) return ": new connections get through";
  return partition.fault.reach.on_remove == OnRemove::kReset ? ": its connections are reset"
                                                             : ": its connections go on";
}

int tell_would_heal(const Invocation& invocation, const PartitionSubject& subject,
                    const Json& effect, const PartitionSpec& partition) {
  if (wants_json(invocation)) {
    print_indented(invocation, effect);
    return kExitOk;
  }
  invocation.console.out << "would heal " << printable(subject.text()) << "; so far it has "
                         << proof_of(effect, partition).counts << '\n';
  return kExitOk;
}

/// There is none now. One that has ended by itself has proved something all the same.
int tell_not_there(const Invocation& invocation, const V1Remote& remote,
                   const PartitionSubject& subject, const Error& error) {
  const std::string what = "Failed to heal " + subject.text();
  if (error.kind != ErrorKind::kNotFound) return report_v1(invocation, error, what);
  if (const auto ended = last_ended(remote, subject.partition)) {
    const auto partition = read_partition(ended->view);
    if (!partition) return report_v1(invocation, partition.error(), what);
    if (!wants_json(invocation)) {
      const bool by_itself = ended->cause == "ttl" || ended->cause == "lease";
      invocation.console.out << printable(subject.text())
                             << (by_itself ? " has healed by itself, at "
                                           : " is healed already, since ")
                             << ended->time << " (cause: " << ended->cause << ")\n";
    }
    return tell_proof(invocation, ended->effect, *partition);
  }
  if (subject.zone.empty()) return report_v1(invocation, error, what);
  const auto zone = remote.call("GET", "/v1/zones/" + path_segment(subject.zone));
  if (!zone) return report_v1(invocation, zone.error(), what);
  return report_v1(invocation,
                   {ErrorKind::kNotFound,
                    "it is not cut: there is no partition `" + subject.partition +
                        "`; `faultline partition list` shows those that there are",
                    {}},
                   what);
}

/// Says what those see who dial between its zones now.
int verify_cut(const Invocation& invocation, const V1Remote& remote,
               const PartitionSubject& subject, const Json& view) {
  const auto effect = probe_cut(invocation, remote, subject.partition);
  if (!effect) return report_v1(invocation, effect.error(), "Failed to verify " + subject.text());
  if (effect->is_null()) {
    invocation.console.err << "not verified: " << printable(subject.text())
                           << " has healed before the probes had ended\n";
    return kExitOk;
  }
  if (wants_json(invocation)) {
    Json whole = view;
    whole["effect"] = *effect;
    print_indented(invocation, whole);
  }
  return tell_probes(invocation, *effect);
}

}  // namespace

std::string PartitionSubject::how_to_heal() const {
  return zone.empty() ? "faultline partition delete " + partition : "faultline zone heal " + zone;
}

std::string end_in_words(const Json& view, const std::string& left) {
  const std::string lease = text_at(view, "lease");
  std::string text = left.empty() || left == "none" ? "" : "heals by itself in " + left;
  if (!lease.empty()) text += (text.empty() ? "heals with lease " : ", or with lease ") + lease;
  return text.empty() ? "stays until it is healed" : text;
}

int make_partition(const Invocation& invocation, const V1Remote& remote,
                   const PartitionSubject& subject, const PartitionArguments& arguments,
                   const Json& body) {
  const std::string what =
      subject.zone.empty() ? "Failed to create partition" : "Failed to cut zone " + subject.zone;
  const std::string path =
      arguments.replace ? v1_partition_path(subject.partition) : "/v1/partitions";
  const auto view =
      remote.call(arguments.replace ? "PUT" : "POST", tried(path, arguments.dry_run), body);
  if (!view) {
    const bool is_taken =
        view.error().kind == ErrorKind::kConflict && view.error().pointer == "/name";
    return report_v1(invocation,
                     is_taken ? taken(subject, view.error()) : in_partition_options(view.error()),
                     what);
  }
  const auto partition = read_partition(*view);
  if (!partition) return report_v1(invocation, partition.error(), what);
  const bool is_only_said = arguments.dry_run || partition->fault.reach.shadow;
  std::string text =
      (is_only_said ? "would " + deed_in_words(*partition) : done_in_words(*partition)) +
      limits_in_words(*partition);
  if (!arguments.dry_run) {
    const auto effect = remote.call("GET", v1_partition_path(subject.partition) + "/effect");
    if (!effect) return report_v1(invocation, effect.error(), what);
    text += reach_in_words(*effect, *partition) + "; " +
            end_in_words(*view, text_at(*view, "ttl")) + ", or now: " + subject.how_to_heal();
  }
  const bool is_verified = arguments.verify && !is_only_said;
  if (!wants_json(invocation)) {
    invocation.console.out << printable(text) << '\n' << std::flush;
  } else if (!is_verified) {
    print_indented(invocation, *view);
  }
  if (!arguments.dry_run && view->value("engines", Json::array()).empty()) {
    invocation.console.err << "warning: no proxy is between these zones, so it is carried out on "
                              "none: `faultline zone list` shows whose each is\n";
  }
  const int verified = is_verified ? verify_cut(invocation, remote, subject, *view) : kExitOk;
  if (arguments.dry_run || !invocation.watch || verified != kExitOk) return verified;
  invocation.console.out.flush();
  const MatrixWatch::End end = MatrixWatch(invocation, remote, subject.partition).run();
  if (!end.has_ended) {
    if (end.status != kExitUnreachable) {
      invocation.console.err << printable(subject.text()) << " is still cut: `"
                             << printable(subject.how_to_heal()) << "` heals it\n";
    }
    return end.status;
  }
  return tell_not_there(invocation, remote, subject, {ErrorKind::kNotFound, "it has ended", {}});
}

int heal_partition(const Invocation& invocation, const V1Remote& remote,
                   const PartitionSubject& subject, bool dry_run, bool verify) {
  const std::string what = "Failed to heal " + subject.text();
  const std::string path = v1_partition_path(subject.partition);
  const auto view = remote.call("GET", path);
  if (!view) return tell_not_there(invocation, remote, subject, view.error());
  const auto partition = read_partition(*view);
  if (!partition) return report_v1(invocation, partition.error(), what);
  if (dry_run) {
    const auto so_far = remote.call("GET", path + "/effect");
    if (!so_far) return tell_not_there(invocation, remote, subject, so_far.error());
    return tell_would_heal(invocation, subject, *so_far, *partition);
  }
  if (const auto gone = remote.call("DELETE", path); !gone) {
    return tell_not_there(invocation, remote, subject, gone.error());
  }
  const auto ended = last_ended(remote, subject.partition);  // Counted to the end.
  if (!wants_json(invocation)) {
    const std::string lasted =
        ended ? time_between(text_at(ended->effect, "since"), ended->time) : "";
    invocation.console.out << "healed " << printable(subject.text())
                           << (lasted.empty() ? "" : " after " + lasted) << afterwards(*partition)
                           << '\n';
  }
  if (!ended) {
    invocation.console.out.flush();
    invocation.console.err << "not judged: what it did to its end is not known: "
                           << printable(ended.error().message) << '\n';
    return kExitInconclusive;
  }
  Json effect = ended->effect;
  if (verify) {
    invocation.console.out.flush();
    const auto recovery = await_recovery(invocation, remote, subject.partition);
    if (!recovery) {
      report_v1(invocation, recovery.error(), "Failed to see what comes back");
    } else if (wants_json(invocation)) {
      effect["recovery"] = *recovery;
    } else if (!recovery->is_null()) {
      invocation.console.out << recovery_in_words(*recovery) << '\n';
    }
  }
  return tell_proof(invocation, effect, *partition);
}

}  // namespace faultline
