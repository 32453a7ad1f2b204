#include "cli/go_number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace faultline {

namespace {

std::string shortest(double number, std::chars_format format) {
  std::array<char, 400> text{};  // 1e308 in full has 309 digits.
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format).ptr;
  return {text.data(), end};
}

}  // namespace

std::string go_number(double number) {
  const std::string scientific = shortest(number, std::chars_format::scientific);
  const std::size_t e = scientific.find('e');
  if (e == std::string::npos) return scientific;  // Not a finite number.
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  // strconv's %g with the shortest precision goes by 6 digits, whatever they are.
  return exponent < -4 || exponent >= 6 ? scientific : shortest(number, std::chars_format::fixed);
}

std::string plain_number(double number) {
  return std::abs(number) < 0x1p53 ? shortest(number, std::chars_format::fixed) : go_number(number);
}

}  // namespace faultline
