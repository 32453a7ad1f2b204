#include "cli/word_order.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/command_tree.h"

namespace faultline {

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// The ordered words of a command line, or "error: ...".
std::string ordered(const std::string& line) {
  std::ostringstream out;
  Console console{out, out};
  Invocation invocation(console);
  const auto tree = make_command_tree(invocation);
  const auto result = order_words(*tree, words_of(line));
  if (!result) return "error: " + result.error().message;
  std::string text;
  for (const std::string& word : result->words) text += (text.empty() ? "" : " ") + word;
  if (!result->rest.empty()) text += " |";
  for (const std::string& word : result->rest) text += " " + word;
  return text;
}

}  // namespace

TEST_CASE("options may stand anywhere among the words of a command", "[word_order]") {
  const std::string expected = "toxic add --type=latency --attribute=latency=5 --host=h:1 -- redis";
  CHECK(ordered("toxic add -t latency -a latency=5 -h h:1 redis") == expected);
  CHECK(ordered("toxic add redis -t latency -a latency=5 -h h:1") == expected);
  CHECK(ordered("-t latency toxic -a latency=5 add -h h:1 redis") == expected);
  CHECK(ordered("--type=latency -alatency=5 --host h:1 toxic add redis") == expected);
  CHECK(ordered("t a redis --type latency --attribute latency=5 -h=h:1") == expected);
}

TEST_CASE("an option takes a value or not as its own command says", "[word_order]") {
  CHECK(ordered("create -l a:1 -u b:2 x") == "create --listen=a:1 --upstream=b:2 -- x");
  CHECK(ordered("-u b:2 create x -l a:1") == "create --upstream=b:2 --listen=a:1 -- x");
  CHECK(ordered("-u toxic add -t noop x") == "toxic add --upstream --type=noop -- x");
  CHECK(ordered("toxic add -ud x -t noop") == "toxic add --upstream --downstream --type=noop -- x");
  CHECK(ordered("toxic update x -n y --tox -1") == "toxic update --toxicName=y --toxicity=-1 -- x");
}

TEST_CASE("aliases, and proxies named like commands, are understood", "[word_order]") {
  CHECK(ordered("ls") == "list");
  CHECK(ordered("i list") == "inspect -- list");
  CHECK(ordered("toxic d -n toxic delete") == "toxic remove --toxicName=toxic -- delete");
  CHECK(ordered("delete -- -x") == "delete -- -x");
  CHECK(ordered("tog a") == "toggle -- a");
  CHECK(ordered("--help") == "--help");
  CHECK(ordered("-v") == "--version");
  CHECK(ordered("toxic --help") == "toxic --help");
  CHECK(ordered("create --help") == "create --help");
}

TEST_CASE("the words of a program to run are left as they are", "[word_order]") {
  CHECK(ordered("exec --proxy a=:0,b:1 -- list -x --help") ==
        "exec --proxy=a=:0,b:1 | list -x --help");
  CHECK(ordered("exec list --proxy a=:0,b:1 -- -x") == "exec | list --proxy a=:0,b:1 -- -x");
  CHECK(ordered("exec -- -- exec") == "exec | -- exec");
  CHECK(ordered("--seed 1 exec --env A=b -- -") == "exec --seed=1 --env=A=b | -");
  CHECK(ordered("-- exec -x") == "exec | -x");
  CHECK(ordered("exec") == "exec");
  CHECK(ordered("exec --help -- x") == "exec --help | x");
  CHECK(ordered("exec --prxy a -- x") ==
        "error: faultline exec: unknown option `--prxy`; did you mean `--proxy`?");
}

TEST_CASE("a wrong word is named, with the nearest right one", "[word_order]") {
  CHECK(ordered("crate x") == "error: faultline: unknown command `crate`; did you mean `create`?");
  CHECK(ordered("-h a:1 lst") == "error: faultline: unknown command `lst`; did you mean `list`?");
  CHECK(ordered("toxic ad x") ==
        "error: faultline toxic: unknown command `ad`; did you mean `add`?");
  CHECK(ordered("toxic") ==
        "error: faultline toxic: a command is missing: add, update, remove, types");
  CHECK(ordered("list --hots a:1") ==
        "error: faultline list: unknown option `--hots`; did you mean `--host`?");
  CHECK(ordered("--hots a:1 list") ==
        "error: faultline: unknown option `--hots`; did you mean `--host`?");
  CHECK(ordered("list x") == "error: faultline list: unexpected argument `x`");
  CHECK(ordered("delete a b") == "error: faultline delete: unexpected argument `b`");
  CHECK(ordered("list -h") == "error: faultline list: -h needs a value");
  CHECK(ordered("toxic add --until= -t stall r") ==
        "error: faultline toxic add: --until needs a value");
  CHECK(ordered("toxic add --toxicName= --client= -t stall r") ==
        "error: faultline toxic add: --toxicName needs a value");
  CHECK(ordered("toxic add --upstream=x r") ==
        "error: faultline toxic add: --upstream takes no value");
}

}  // namespace faultline
