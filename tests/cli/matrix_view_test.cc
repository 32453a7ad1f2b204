#include "cli/matrix_view.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json cell(const char* from, const char* to, const char* state, int open = 0, int bytes = 0) {
  return {{"from", from},      {"to", to},       {"state", state}, {"connections", open},
          {"open", open},      {"bytes", bytes}, {"cut", 0},       {"crossed_connections", 0},
          {"crossed_bytes", 0}};
}

/// b is cut; nothing has flowed to or from what is in no zone.
Json answer() {
  return {{"zones", {"a", "b", "none"}},
          {"cells",
           {cell("a", "a", "ok", 1200, 48'000), cell("a", "b", "cut", 3, 9'000),
            cell("a", "none", "ok"), cell("b", "a", "cut"), cell("b", "b", "ok"),
            cell("b", "none", "cut"), cell("none", "a", "ok"), cell("none", "b", "cut"),
            cell("none", "none", "ok")}}};
}

MatrixModel model() {
  MatrixModel model = read_matrix(answer());
  model.partitions = {{.name = "b-cut",
                       .state = "zone b is cut from everything else",
                       .left = "9m58s",
                       .matched = 3,
                       .crossed = 0}};
  return model;
}

std::string shown(const MatrixModel& model, std::size_t width = 0, bool coloured = false) {
  std::ostringstream out;
  const Console console{out, out, true, coloured};
  std::string text;
  for (const std::string& line : matrix_lines(model, width, console)) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("the matrix is a grid of who sends and who is sent to", "[matrix_view]") {
  CHECK(shown(model()) ==
        "from \\ to  a                  b\n"
        "a          ok   1,200  48 kB  cut  3  9.0 kB\n"
        "b          cut      0    0 B  ok\n"
        "a cell, from row to column: its state, open connections dialled that way, bytes sent that "
        "way\n"
        "\n"
        "b-cut  9m58s left  matched 3, crossed 0  zone b is cut from everything else\n");
  CHECK(shown({}) ==
        "there are no zones: `zones` in a configuration or PUT /v1/zones names them\n");
}

TEST_CASE("what is in no zone has a row once anything has flowed there", "[matrix_view]") {
  CHECK(model().zones == std::vector<std::string>{"a", "b"});
  Json flowed = answer();
  flowed["cells"][2]["bytes"] = 1;
  CHECK(read_matrix(flowed).zones == std::vector<std::string>{"a", "b", "none"});
}

TEST_CASE("a narrow terminal sees the states, and no line is wider", "[matrix_view]") {
  for (const std::size_t width : {1U, 10U, 17U, 24U, 30U, 60U}) {
    std::istringstream lines(shown(model(), width));
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= width);
  }
  CHECK(shown(model(), 30).find("a          ok   1,200  cut  3\n") != std::string::npos);
  CHECK(shown(model(), 20).find("a          ok   cut\n") != std::string::npos);
}

TEST_CASE("what is cut is red, what flows green, what suffers yellow", "[matrix_view]") {
  MatrixModel matrix = model();
  const std::string text = shown(matrix, 0, true);
  CHECK(text.find("\x1b[31mcut  3  9.0 kB\x1b[0m") != std::string::npos);
  CHECK(text.find("\x1b[32mok   1,200  48 kB\x1b[0m") != std::string::npos);
  CHECK(text.find("\x1b[2mok\x1b[0m") != std::string::npos);
  CHECK(text.find("\x1b[31mmatched") == std::string::npos);
  matrix.partitions[0].crossed = 7;
  matrix.cells[0][1].state = "partial";
  const std::string leaking = shown(matrix, 0, true);
  CHECK(leaking.find("\x1b[31mmatched 3, crossed 7\x1b[0m") != std::string::npos);
  CHECK(leaking.find("\x1b[33mpartial") != std::string::npos);
  CHECK(leaking.find("\x1b[2mpartial: cut for some, or by turns\x1b[0m\n") != std::string::npos);
  CHECK(shown(matrix).find('\x1b') == std::string::npos);
}

TEST_CASE("a script is told what is another than before", "[matrix_view]") {
  const MatrixModel now = model();
  CHECK(
      matrix_changes({}, now) ==
      std::vector<std::string>{"a > a  ok  1,200 open  48 kB sent",
                               "a > b  cut  3 open  9.0 kB sent", "b > a  cut  0 open  0 B sent",
                               "b-cut  matched 3, crossed 0  zone b is cut from everything else"});
  CHECK(matrix_changes(now, now).empty());
  MatrixModel later = now;
  later.cells[0][1].state = "ok";
  later.partitions.clear();
  CHECK(matrix_changes(now, later) ==
        std::vector<std::string>{"a > b  ok  3 open  9.0 kB sent", "b-cut  has ended"});
  later = now;
  later.partitions[0].left = "9m57s";
  CHECK(matrix_changes(now, later).empty());
  CHECK_FALSE(now.has_partition("a-cut"));
}

}  // namespace faultline
