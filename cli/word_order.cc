#include "cli/word_order.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/nearest_name.h"

namespace faultline {

namespace {

/// One argument, as a certain command sees it.
struct Piece {
  enum class Kind { kOption, kWord, kUnknownOption, kRest };
  Kind kind;
  std::string text;  ///< --name=value, the word, or the option as written.
};

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string long_form(const CLI::Option& option) {
  return "--" + option.get_lnames().front();
}

/// Cuts arguments into pieces by the options of some commands; of two options
/// with one name that of the earlier command counts.
class Cutter {
 public:
  static constexpr std::size_t kAll = SIZE_MAX;

  /// What follows the first `words` words is another program's.
  Cutter(std::vector<const CLI::App*> commands, const std::vector<std::string>& arguments,
         std::size_t words = kAll)
      : commands_(std::move(commands)), arguments_(arguments), words_left_(words) {
    while (next_ < arguments_.size()) cut_next();
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  /// The first option that has no value and needs one, or the other way round.
  const std::optional<Error>& error() const { return error_; }

 private:
  /// Null if no command has it. `name` is "--listen" or "-l".
  const CLI::Option* find_option(const std::string& name) const {
    for (const CLI::App* command : commands_) {
      if (const CLI::Option* option = command->get_option_no_throw(name)) return option;
    }
    return nullptr;
  }

  void cut_next() {
    const std::string& argument = arguments_[next_++];
    if (only_words_ || argument.size() < 2 || argument.front() != '-') {
      only_words_ = only_words_ || words_left_ == 0;
      pieces_.push_back({words_left_ == 0 ? Piece::Kind::kRest : Piece::Kind::kWord, argument});
      if (words_left_ > 0 && words_left_ != kAll) --words_left_;
    } else if (argument == "--") {
      only_words_ = true;
    } else if (argument[1] == '-') {
      cut_long(argument);
    } else {
      cut_short(argument);
    }
  }

  void cut_long(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const CLI::Option* option = find_option(name);
    if (option == nullptr) {
      pieces_.push_back({Piece::Kind::kUnknownOption, name});
    } else if (equals == std::string::npos) {
      take(*option, name, std::nullopt);
    } else {
      take(*option, name, argument.substr(equals + 1));
    }
  }

  /// -l VALUE, -lVALUE, -l=VALUE, or several flags in one: -du.
  void cut_short(const std::string& argument) {
    for (std::size_t i = 1; i < argument.size(); ++i) {
      const std::string name = {'-', argument[i]};
      const CLI::Option* option = find_option(name);
      if (option == nullptr) {
        pieces_.push_back({Piece::Kind::kUnknownOption, i == 1 ? argument : name});
        return;
      }
      if (takes_value(*option)) {
        std::optional<std::string> value;
        if (i + 1 < argument.size()) value = argument.substr(i + (argument[i + 1] == '=' ? 2 : 1));
        take(*option, name, std::move(value));
        return;
      }
      take(*option, name, std::nullopt);
    }
  }

  void take(const CLI::Option& option, const std::string& name, std::optional<std::string> value) {
    if (!takes_value(option)) {
      if (value) note(name + " takes no value");
      pieces_.push_back({Piece::Kind::kOption, long_form(option)});
      return;
    }
    if (!value && option.get_items_expected_min() == 0) {
      pieces_.push_back({Piece::Kind::kOption, long_form(option)});
      return;
    }
    if (!value && next_ < arguments_.size()) value = arguments_[next_++];
    // CLI11 would take the next word for one that is empty.
    if (!value || value->empty()) note(name + " needs a value");
    pieces_.push_back({Piece::Kind::kOption, long_form(option) + "=" + value.value_or("")});
  }

  void note(const std::string& message) {
    if (!error_) error_ = Error{ErrorKind::kInvalid, message};
  }

  const std::vector<const CLI::App*> commands_;
  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
  std::size_t words_left_;  // Until those of another program begin.
  bool only_words_ = false;
  std::vector<Piece> pieces_;
  std::optional<Error> error_;
};

/// How far the words of a command line lead into the tree.
struct Reading {
  std::vector<const CLI::App*> path;  ///< From below the root; empty if no word fits.
  std::vector<Piece> pieces;          ///< Without the words that named the path.
  std::optional<Error> error;         ///< Why the pieces are of no use.
};

/// Reads `arguments` as if `path` were meant; nothing if the words name something else.
std::optional<Reading> read_as(const std::vector<const CLI::App*>& path,
                               const std::vector<std::string>& arguments) {
  const bool runs_another = path.back()->get_prefix_command();
  const Cutter cutter({path.back()}, arguments, runs_another ? path.size() : Cutter::kAll);
  Reading reading{path, {}, cutter.error()};
  std::size_t depth = 0;
  for (const Piece& piece : cutter.pieces()) {
    if (piece.kind == Piece::Kind::kWord && depth < path.size()) {
      if (!path[depth]->check_name(piece.text)) return std::nullopt;
      ++depth;
    } else {
      reading.pieces.push_back(piece);
    }
  }
  if (depth < path.size()) return std::nullopt;
  return reading;
}

/// The deepest commands first, so that `toxic add` is tried before `toxic`.
void collect_paths(const CLI::App& parent, std::vector<const CLI::App*>& path,
                   std::vector<std::vector<const CLI::App*>>& all) {
  for (const CLI::App* command : parent.get_subcommands({})) {
    path.push_back(command);
    collect_paths(*command, path, all);
    all.push_back(path);
    path.pop_back();
  }
}

std::vector<std::string> command_names(const CLI::App& parent) {
  std::vector<std::string> names;
  for (const CLI::App* command : parent.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::size_t positionals_of(const CLI::App& command) {
  std::size_t most = 0;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) {
      most += static_cast<std::size_t>(option->get_items_expected_max());
    }
  }
  return most;
}

/// "; did you mean `add`?", or where the names of the commands of `parent` are.
std::string suggestion(const CLI::App& parent, const std::string& word) {
  const std::string near = word == "help" ? "" : did_you_mean(word, command_names(parent));
  return near.empty() ? "; `" + full_name(parent) + " --help` lists them" : near;
}

/// What is wrong with the first word that should have named a command of `parent`.
Fail unknown_command(const CLI::App& parent, const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    if (piece.kind != Piece::Kind::kWord) continue;
    const std::string known = full_name(parent);
    return fail(ErrorKind::kInvalid,
                known + ": unknown command `" + piece.text + "`" + suggestion(parent, piece.text));
  }
  std::string names;
  for (const std::string& name : command_names(parent)) names += (names.empty() ? "" : ", ") + name;
  return fail(ErrorKind::kInvalid, full_name(parent) + ": a command is missing: " + names);
}

Result<OrderedWords> order(const CLI::App& command, const Reading& reading) {
  OrderedWords ordered{&command, {}};
  std::vector<std::string> positionals;
  bool wants_help = false;
  for (const CLI::App* named : reading.path) ordered.words.push_back(named->get_name());
  for (const Piece& piece : reading.pieces) {
    if (piece.kind == Piece::Kind::kUnknownOption) {
      return fail(ErrorKind::kInvalid, full_name(command) + ": unknown option `" + piece.text +
                                           "`" + did_you_mean(piece.text, option_names(command)));
    }
    if (piece.kind == Piece::Kind::kRest) {
      ordered.rest.push_back(piece.text);
      continue;
    }
    (piece.kind == Piece::Kind::kOption ? ordered.words : positionals).push_back(piece.text);
    wants_help = wants_help || (piece.kind == Piece::Kind::kOption && piece.text == "--help");
  }
  if (reading.error && !wants_help) return within(full_name(command), *reading.error);
  const bool has_commands = !command.get_subcommands({}).empty();
  if (has_commands && !wants_help) return unknown_command(command, reading.pieces);
  if (positionals.size() > positionals_of(command) && !wants_help) {
    return fail(ErrorKind::kInvalid, full_name(command) + ": unexpected argument `" +
                                         positionals[positionals_of(command)] + "`");
  }
  if (!positionals.empty()) ordered.words.emplace_back("--");
  ordered.words.insert(ordered.words.end(), positionals.begin(), positionals.end());
  return ordered;
}

/// No command was named, or none that exists: --help and --version stand alone.
Result<OrderedWords> order_without_command(const CLI::App& root,
                                           const std::vector<std::vector<const CLI::App*>>& paths,
                                           const std::vector<std::string>& arguments) {
  std::vector<const CLI::App*> commands = {&root};
  for (const auto& path : paths) commands.push_back(path.back());
  const Cutter cutter(commands, arguments);
  OrderedWords ordered{&root, {}};
  for (const Piece& piece : cutter.pieces()) {
    if (piece.kind == Piece::Kind::kUnknownOption) {
      std::vector<std::string> names;
      for (const CLI::App* command : commands) {
        for (std::string& name : option_names(*command)) names.push_back(std::move(name));
      }
      return fail(ErrorKind::kInvalid, full_name(root) + ": unknown option `" + piece.text + "`" +
                                           did_you_mean(piece.text, names));
    }
    if (root.get_option_no_throw(piece.text) != nullptr) ordered.words.push_back(piece.text);
  }
  if (!ordered.words.empty()) return ordered;
  return unknown_command(root, cutter.pieces());
}

}  // namespace

std::string full_name(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return full_name(*command.get_parent()) + " " + command.get_name();
}

Result<OrderedWords> order_words(const CLI::App& root, const std::vector<std::string>& arguments) {
  std::vector<std::vector<const CLI::App*>> paths;
  std::vector<const CLI::App*> path;
  collect_paths(root, path, paths);
  for (const auto& candidate : paths) {
    if (const auto reading = read_as(candidate, arguments)) {
      return order(*candidate.back(), *reading);
    }
  }
  return order_without_command(root, paths, arguments);
}

}  // namespace faultline
