#include "tests/cli/client.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

#include "cli/program.h"

namespace faultline::test {

namespace {

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

Outcome run(const std::string& line, bool terminal) {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err, terminal, terminal};
  const int status = run_command(split(line), console);
  return {status, out.str(), err.str()};
}

Outcome Client::operator()(const std::string& line, bool terminal) const {
  return run(line + host_, terminal);
}

std::string Client::says(const std::string& line) const {
  const Outcome outcome = (*this)(line);
  INFO(line << ": " << outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  return outcome.out;
}

std::string Client::fails(const std::string& line) const {
  const Outcome outcome = (*this)(line);
  CHECK(outcome.out.empty());
  return std::to_string(outcome.status) + ": " + outcome.err;
}

}  // namespace faultline::test
