// completion bash|zsh|fish: scripts made from the command tree itself.

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/profiles.h"
#include "proxy/partition.h"
#include "toxics/catalog.h"

namespace faultline {

namespace {

/// One command, as a shell needs to know it.
struct Node {
  std::vector<std::vector<std::string>> path;  ///< The names of each word, the main one first.
  const CLI::App* command;
  std::vector<Node> children;
};

std::vector<std::string> names_of(const CLI::App& command) {
  std::vector<std::string> names = {command.get_name()};
  const auto& aliases = command.get_aliases();
  names.insert(names.end(), aliases.begin(), aliases.end());
  return names;
}

std::vector<Node> children_of(const CLI::App& parent,
                              const std::vector<std::vector<std::string>>& path) {
  std::vector<Node> nodes;
  for (const CLI::App* command : parent.get_subcommands({})) {
    Node node{path, command, {}};
    node.path.push_back(names_of(*command));
    node.children = children_of(*command, node.path);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

template <class Items, class Text>
std::string joined(const Items& items, std::string_view separator, Text text) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += separator;
    out += text(item);
  }
  return out;
}

std::string as_is(const std::string& text) {
  return text;
}

/// "toxic add": the main names.
std::string main_path(const Node& node) {
  return joined(node.path, " ", [](const auto& names) { return names.front(); });
}

std::vector<const CLI::Option*> named_options(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->nonpositional(); });
}

bool takes_shell(const CLI::App& command) {
  return command.get_option_no_throw("SHELL") != nullptr;
}

/// Whether words that are no options are files, or a program and its own words.
bool takes_files(const CLI::App& command) {
  return command.get_option_no_throw("FILE") != nullptr || command.get_prefix_command();
}

bool takes_profile(const CLI::App& command) {
  return command.get_option_no_throw("PROFILE") != nullptr;
}

/// Whether a word of the command's is a toxic type.
bool takes_type(const CLI::App& command) {
  return command.get_option_no_throw("TYPE") != nullptr;
}

std::vector<std::string> words_of(const Node& node) {
  std::vector<std::string> words;
  if (takes_shell(*node.command)) words = {"bash", "zsh", "fish"};
  if (takes_profile(*node.command)) words = profile_names();
  if (takes_type(*node.command)) words = toxic_type_names();
  for (const Node& child : node.children) words.push_back(child.command->get_name());
  for (const CLI::Option* option : named_options(*node.command)) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

/// The command that lists what the argument of `command` can be, in its first column: the proxies,
/// zones or partitions that there are. "" if it is none of these.
std::string lister_of(const CLI::App& command) {
  const auto takes = [&](const char* word) { return command.get_option_no_throw(word) != nullptr; };
  if (takes("ZONE")) return "zone list";
  if (takes("PARTITION")) return "partition list";
  const bool is_new = command.get_name() == "create";
  return !is_new && (takes("NAME") || takes("PROXY")) ? "list" : "";
}

std::string types() {
  return joined(toxic_type_names(), " ", as_is);
}

// ---- bash and zsh ----------------------------------------------------------

/// `toxic a` and `t add` lead to "toxic add": case arms over "$at $word".
void append_path_arms(const std::vector<Node>& nodes, const std::string& parent, std::string& out) {
  for (const Node& node : nodes) {
    const std::string arms = joined(node.path.back(), "|", [&](const std::string& name) {
      return "\"" + parent + ":" + name + "\"";
    });
    out += "      " + arms + ") at=\"" + main_path(node) + "\" ;;\n";
    append_path_arms(node.children, main_path(node), out);
  }
}

void append_word_arms(const std::vector<Node>& nodes, std::string& out) {
  for (const Node& node : nodes) {
    out += "    \"" + main_path(node) + "\") candidates=\"" + joined(words_of(node), " ", as_is) +
           "\"";
    const std::string lister = lister_of(*node.command);
    if (!lister.empty()) out += "; lister=\"" + lister + "\"";
    if (takes_files(*node.command)) out += "; files=yes";
    out += " ;;\n";
    append_word_arms(node.children, out);
  }
}

/// The part that both shells understand: sets `candidates`, `lister` and `files` from
/// the words before the cursor, which stand in `before`.
std::string shared_body(const std::vector<Node>& roots) {
  std::string out = R"(  local at="" word previous="" candidates="" lister="" files=no
  for word in "${before[@]}"; do
    case "$at:$word" in
)";
  append_path_arms(roots, "", out);
  out += R"(    esac
    previous=$word
  done
  case "$at" in
    "") candidates=")" +
         joined(roots, " ", [](const Node& node) { return node.command->get_name(); }) + "\" ;;\n";
  append_word_arms(roots, out);
  out += R"(  esac
  case "$previous" in
    -t|--type) candidates=")" +
         types() + R"("; lister="" files=no ;;
    -o|--output) candidates="table json"; lister="" files=no ;;
    --on) candidates="request response"; lister="" files=no ;;
    --affects) candidates="new open both"; lister="" files=no ;;
    --on-remove) candidates="resume close reset"; lister="" files=no ;;
    --partition) candidates=""; lister="partition list" files=no ;;
    --mode) candidates=")" +
         joined(partition_mode_names(), " ", as_is) + R"("; lister="" files=no ;;
    --shape) candidates=")" +
         joined(shape_names(), " ", as_is) + R"("; lister="" files=no ;;
    --direction) candidates=")" +
         joined(direction_names(), " ", as_is) + R"("; lister="" files=no ;;
    --one-way) candidates="in out"; lister="" files=no ;;
    --heal) candidates="resume reset"; lister="" files=no ;;
    --log-format) candidates="json text"; lister="" files=no ;;
    --log-level) candidates="trace debug info warn error off"; lister="" files=no ;;
  esac
)";
  return out;
}

std::string bash_script(const std::vector<Node>& roots) {
  return "# faultline completion bash >/etc/bash_completion.d/faultline\n"
         "_faultline() {\n"
         "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\") cur=${COMP_WORDS[COMP_CWORD]} "
         "name\n" +
         shared_body(roots) +
         R"sh(  COMPREPLY=($(compgen -W "$candidates" -- "$cur"))
  if [[ -n $lister && $cur != -* ]]; then
    while IFS=$'\t' read -r name _; do
      [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf %q "$name")")
    done < <(faultline $lister 2>/dev/null </dev/null)
  fi
  # Nothing of ours: the shell completes files by itself.
  [[ $files == yes && $cur != -* ]] && COMPREPLY=()
}
complete -o default -F _faultline faultline
)sh";
}

std::string zsh_script(const std::vector<Node>& roots) {
  return "#compdef faultline\n"
         "# faultline completion zsh >\"${fpath[1]}/_faultline\"\n"
         "_faultline() {\n"
         "  local before=(\"${(@)words[2,CURRENT-1]}\") line\n" +
         shared_body(roots) +
         R"sh(  compadd -- ${=candidates}
  if [[ -n $lister ]]; then
    for line in ${(f)"$(faultline ${=lister} 2>/dev/null </dev/null)"}; do
      compadd -- "${line%%$'\t'*}"
    done
  fi
  [[ -z $candidates || $files == yes ]] && _files
}
compdef _faultline faultline
)sh";
}

// ---- fish ------------------------------------------------------------------

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string seen(const std::vector<std::string>& names) {
  return "__fish_seen_subcommand_from " + joined(names, " ", as_is);
}

void append_fish(const std::vector<Node>& nodes, const std::string& condition, std::string& out) {
  std::string none_yet = condition;
  for (const Node& node : nodes) none_yet += "; and not " + seen(node.path.back());
  for (const Node& node : nodes) {
    const CLI::App& command = *node.command;
    const std::string summary = fish_quoted(command.get_description());
    out += "complete -c faultline -n " + fish_quoted(none_yet) + " -a " + command.get_name() +
           " -d " + summary + "\n";
    const std::string here = condition + "; and " + seen(node.path.back());
    const std::string when = "complete -c faultline -n " + fish_quoted(here);
    for (const CLI::Option* option : named_options(command)) {
      out += when;
      for (const std::string& name : option->get_lnames()) out += " -l " + name;
      for (const std::string& name : option->get_snames()) out += " -s " + name;
      if (option->get_items_expected_max() > 0) out += " -r";
      if (option->get_lnames().front() == "type") out += " -a " + fish_quoted(types());
      if (option->get_lnames().front() == "output") out += " -a 'table json'";
      if (option->get_lnames().front() == "config") out += " -F";
      out += " -d " + fish_quoted(option->get_description()) + "\n";
    }
    if (const std::string lister = lister_of(command); !lister.empty()) {
      out += when + " -a '(faultline " + lister + " 2>/dev/null | cut -f1)'\n";
    }
    if (takes_type(command)) out += when + " -a " + fish_quoted(types()) + "\n";
    if (takes_files(command)) out += when + " -F\n";
    if (takes_shell(command)) out += when + " -a 'bash zsh fish'\n";
    if (takes_profile(command)) {
      out += when + " -a " + fish_quoted(joined(profile_names(), " ", as_is)) + "\n";
    }
    append_fish(node.children, here, out);
  }
}

std::string fish_script(const std::vector<Node>& roots) {
  std::string out =
      "# faultline completion fish >~/.config/fish/completions/faultline.fish\n"
      "complete -c faultline -f\n";
  append_fish(roots, "true", out);
  return out;
}

}  // namespace

void add_completion_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      add_command(root, {"completion"}, "Print a shell's completion script",
                  "  source <(faultline completion bash)\n"
                  "  faultline completion fish >~/.config/fish/completions/faultline.fish");
  const auto shell = std::make_shared<std::string>();
  command
      .add_option_function<std::string>(
          "SHELL",
          [shell](const std::string& name) {
            if (name != "bash" && name != "zsh" && name != "fish") {
              throw CLI::ValidationError("SHELL", "`" + name + "` is neither bash, zsh nor fish");
            }
            *shell = name;
          },
          "bash, zsh or fish")
      ->required()
      ->type_name("");
  set_action(command, invocation, [&root, &invocation, shell] {
    const std::vector<Node> roots = children_of(root, {});
    invocation.console.out << (*shell == "bash"  ? bash_script(roots)
                               : *shell == "zsh" ? zsh_script(roots)
                                                 : fish_script(roots));
    return kExitOk;
  });
}

}  // namespace faultline
