#pragma once

#include <CLI/App.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/condition_options.h"

namespace faultline {

/// What the commands on toxics are given, as it was written; each takes what it needs.
struct ToxicArguments {
  const CLI::App* command = nullptr;  ///< Whose arguments these are.
  std::string proxy;
  std::vector<std::string> words;  ///< Behind PROXY: see ToxicWords.
  std::string type;
  std::string name;
  std::string toxicity;
  std::vector<std::string> attributes;                   ///< Of -a: "latency=100".
  std::map<std::string, std::string> attribute_options;  ///< Of --jitter 20ms, by attribute.
  ConditionOptions conditions;
  bool upstream = false;
  bool downstream = false;
  std::string on;   ///< "request" or "response".
  std::string ttl;  ///< --for.
  std::string owner;
  std::string reason;
  std::string lease;
  bool live = false;  ///< --no-shadow.
  bool dry_run = false;
  bool is_in_words = false;  ///< The toxic is named by a word, and not by -n.

  /// Whether something is said that only /v1 takes. The rest is sent as Toxiproxy's CLI does.
  bool needs_v1() const {
    return !words.empty() || !attribute_options.empty() || !on.empty() || !ttl.empty() ||
           !owner.empty() || !reason.empty() || !lease.empty();
  }
};

/// What the words behind PROXY are.
enum class ToxicWords {
  kNewToxic,  ///< [TYPE] [VALUE] [NAME=VALUE...]; a TYPE that -t gives is no word.
  kChange,    ///< [TOXIC] [VALUE] [NAME=VALUE...]; a TOXIC that -n gives is no word.
  kToxic      ///< [TOXIC], the same.
};

/// PROXY and `words`. `arguments` outlives the command.
void add_toxic_words(CLI::App& command, ToxicArguments& arguments, ToxicWords words);

/// Every attribute of every type as an option, --jitter 20ms, where `command` has no option of
/// that name: so it comes after all others. Help leaves them out, they are too many.
void add_attribute_options(CLI::App& command, ToxicArguments& arguments);

/// --for, --owner, --reason and --lease.
void add_life_options(CLI::App& command, ToxicArguments& arguments);

}  // namespace faultline
