#include "proxy/document.h"

#include <array>
#include <charconv>

namespace faultline {

namespace {

template <class Number>
std::string number_text(Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

struct Describe {
  std::string operator()(std::monostate /*null*/) const { return "nothing"; }
  std::string operator()(bool truth) const { return truth ? "`true`" : "`false`"; }
  std::string operator()(std::int64_t number) const { return "the number " + number_text(number); }
  std::string operator()(double number) const { return "the number " + number_text(number); }
  std::string operator()(const std::string& /*text*/) const { return "a string"; }
  std::string operator()(const Document::Array& /*list*/) const { return "a list"; }
  std::string operator()(const Document::Object& /*map*/) const { return "a map"; }
};

}  // namespace

std::string describe(const Document& document) {
  return std::visit(Describe{}, document.value);
}

Fail wrong(const Document& place, const std::string& message) {
  if (place.line == 0) return Fail(Error{ErrorKind::kInvalid, message, place.pointer});
  return fail(ErrorKind::kInvalid,
              std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + message);
}

}  // namespace faultline
