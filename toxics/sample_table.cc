#include "toxics/sample_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

namespace faultline {

namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";
constexpr std::string_view kColumnMarks = ",;";
constexpr std::string_view kBlanksAndMarks = " \t\r\v\f,;";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Takes the next word off the front of `text`; empty if there is none.
std::string_view take_word(std::string_view& text, std::string_view separators) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string_view without_blanks(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

bool is_ignored(std::string_view line) {
  return line.empty() || line.front() == '#';
}

/// Whether `text` has more than one line that counts.
bool has_lines(std::string_view text) {
  int lines = 0;
  while (!text.empty() && lines < 2) {
    if (!is_ignored(without_blanks(take_line(text)))) ++lines;
  }
  return lines > 1;
}

enum class Reading { kNumber, kNoNumber, kNotFinite };

Reading read_number(std::string_view word, double& number) {
  if (word.size() > 1 && word.front() == '+' && word[1] != '-') word.remove_prefix(1);
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, number);
  if (error == std::errc::invalid_argument || rest != end) return Reading::kNoNumber;
  if (error != std::errc() || !std::isfinite(number)) return Reading::kNotFinite;
  return Reading::kNumber;
}

/// "line 3: `what stands there`"; what is long is cut.
std::string place(std::size_t line, std::string_view text) {
  constexpr std::size_t kMostShown = 40;
  std::string where = "line " + std::to_string(line) + ": `";
  where += text.substr(0, kMostShown);
  return where + (text.size() > kMostShown ? "...`" : "`");
}

/// How many columns a line has; an empty one at its end is none.
std::size_t count_columns(std::string_view line) {
  const auto marks = std::count_if(line.begin(), line.end(), [](char c) {
    return kColumnMarks.find(c) != std::string_view::npos;
  });
  const bool ends_with_mark = kColumnMarks.find(line.back()) != std::string_view::npos;
  return static_cast<std::size_t>(marks) + (ends_with_mark ? 0 : 1);
}

Fail refuse(std::size_t line, std::string_view text, const std::string& because) {
  return fail(ErrorKind::kInvalid, place(line, text) + because);
}

/// Adds the numbers of one line, separated by blanks and marks.
Result<void> read_numbers(std::string_view line, std::size_t line_number,
                          std::vector<double>& numbers) {
  for (std::string_view word; !(word = take_word(line, kBlanksAndMarks)).empty();) {
    double number = 0;
    switch (read_number(word, number)) {
      case Reading::kNumber:
        break;
      case Reading::kNoNumber:
        return refuse(line_number, word, " is not a number");
      case Reading::kNotFinite:
        return refuse(line_number, word, " is too large, too small or not finite");
    }
    if (numbers.size() == SampleTable::kMostNumbers) {
      return refuse(line_number, word,
                    " is one more than " + std::to_string(SampleTable::kMostNumbers) + " numbers");
    }
    numbers.push_back(number);
  }
  return {};
}

/// Whether a text of several lines may begin with `line` and mean a header.
bool is_header(std::string_view line) {
  constexpr std::string_view kNumbersBeginWith = "0123456789+-.,;";
  double number = 0;
  return kNumbersBeginWith.find(line.front()) == std::string_view::npos &&
         read_number(take_word(line, kBlanksAndMarks), number) == Reading::kNoNumber;
}

}  // namespace

SampleTable::SampleTable(std::vector<double> numbers) : in_order_(std::move(numbers)) {
  if (std::is_sorted(in_order_.begin(), in_order_.end())) return;
  sorted_ = in_order_;
  std::sort(sorted_.begin(), sorted_.end());
}

Result<SampleTable> SampleTable::parse(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const bool several_lines = has_lines(text);
  bool may_be_header = several_lines;
  std::vector<double> numbers;
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = without_blanks(take_line(text));
    if (is_ignored(line)) continue;
    if (const std::size_t columns = count_columns(line); several_lines && columns > 1) {
      return refuse(line_number, line,
                    " has " + std::to_string(columns) + " columns; give one number a line");
    }
    if (std::exchange(may_be_header, false) && is_header(line)) continue;
    const Result<void> read = read_numbers(line, line_number, numbers);
    if (!read) return Fail(read.error());
  }
  if (numbers.empty()) return fail(ErrorKind::kInvalid, "there are no numbers");
  return SampleTable(std::move(numbers));
}

}  // namespace faultline
