#include "toxics/sample_table.h"

#include <catch2/catch.hpp>
#include <string>

namespace faultline {
namespace {

using Numbers = std::vector<double>;

Numbers numbers_in(std::string_view text) {
  const Result<SampleTable> table = SampleTable::parse(text);
  INFO(text << ": " << (table ? "" : table.error().message));
  REQUIRE(table);
  return table->in_order();
}

std::string error_of(std::string_view text) {
  const Result<SampleTable> table = SampleTable::parse(text);
  INFO(text);
  REQUIRE_FALSE(table);
  CHECK(table.error().kind == ErrorKind::kInvalid);
  return table.error().message;
}

TEST_CASE("numbers are read however a person, netem or a spreadsheet writes them",
          "[sample_table]") {
  CHECK(numbers_in("5") == Numbers{5});
  CHECK(numbers_in("10, 12;15 1e3,\n") == Numbers{10, 12, 15, 1000});
  CHECK(numbers_in("# netem's\n -32768 0 12\n\n+32767 -1.5\n  # more\n7") ==
        Numbers{-32768, 0, 12, 32767, -1.5, 7});
  CHECK(numbers_in("\xef\xbb\xbf\"latency (ms)\";\r\n1.5;\r\n.25;\r\n") == Numbers{1.5, .25});
  CHECK(numbers_in("nanoseconds\n1\n2") == Numbers{1, 2});
}

TEST_CASE("a table is given as it came and sorted", "[sample_table]") {
  const Result<SampleTable> mixed = SampleTable::parse("3\n1\n2\n1");
  REQUIRE(mixed);
  CHECK(mixed->in_order() == Numbers{3, 1, 2, 1});
  CHECK(mixed->sorted() == Numbers{1, 1, 2, 3});
  CHECK(SampleTable::parse("1 2 2")->sorted() == Numbers{1, 2, 2});
}

TEST_CASE("what is no number is refused, with its line and what stands there", "[sample_table]") {
  CHECK(error_of("1\n\n# no\n2 x3") == "line 4: `x3` is not a number");
  CHECK(error_of("12ms\n13ms") == "line 1: `12ms` is not a number");
  CHECK(error_of("fast") == "line 1: `fast` is not a number");
  CHECK(error_of("ms\nms\n1") == "line 2: `ms` is not a number");
  CHECK(error_of("1\n+-2") == "line 2: `+-2` is not a number");
  CHECK(error_of("1\nnan") == "line 2: `nan` is too large, too small or not finite");
  CHECK(error_of("inf\n1") == "line 1: `inf` is too large, too small or not finite");
  CHECK(error_of("1\n1e999") == "line 2: `1e999` is too large, too small or not finite");
  CHECK(error_of("1\n" + std::string(99, 'z')) ==
        "line 2: `" + std::string(40, 'z') + "...` is not a number");
}

TEST_CASE("of several columns nobody has said which one counts", "[sample_table]") {
  CHECK(error_of("ms\n1\n2,5") == "line 3: `2,5` has 2 columns; give one number a line");
  CHECK(error_of("time;ms;who\n1;2;3") ==
        "line 1: `time;ms;who` has 3 columns; give one number a line");
}

TEST_CASE("a table has at least one number and at most a million", "[sample_table]") {
  for (const std::string_view text : {"", "\n \n", "# 1", "\xef\xbb\xbf", ";"}) {
    CHECK(error_of(text) == "there are no numbers");
  }
  CHECK(error_of("header\n# and nothing else") == "line 1: `header` is not a number");
  std::string text;
  for (std::size_t i = 0; i < SampleTable::kMostNumbers; ++i) text += "7\n";
  CHECK(numbers_in(text).size() == SampleTable::kMostNumbers);
  CHECK(error_of(text + "8") == "line 1000001: `8` is one more than 1000000 numbers");
}

}  // namespace
}  // namespace faultline
