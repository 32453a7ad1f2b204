#include "control-api/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/verify.h"
#include "control-api/timing_json.h"
#include "control-api/utf8.h"

namespace faultline {

namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (byte >= 0x20 && c != '<' && c != '>' && c != '&') {
        out += c;
        return;
      }
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
  }
}

/// The items, made text by `write`, with commas between them.
template <class Items, class Write>
std::string joined(const Items& items, Write write) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ',';
    out += write(item);
  }
  return out;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = utf8_length(text, position);
    const std::string_view character = text.substr(position, length);
    if (length == 1) {
      append_escaped(out, text[position]);
    } else if (length == 0) {
      out += "\\ufffd";
    } else if (character == "\u2028") {
      out += "\\u2028";
    } else if (character == "\u2029") {
      out += "\\u2029";
    } else {
      out += character;
    }
    position += length == 0 ? 1 : length;
  }
  out += '"';
  return out;
}

std::string json_string_or_null(std::string_view text) {
  return text.empty() ? "null" : json_string(text);
}

std::string json_number(float number) {
  VERIFY(std::isfinite(number));
  // "-1.2345e-07": the digits are right, the layout is not yet.
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  const std::string sign = text.front() == '-' ? "-" : "";
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const int exponent = std::stoi(std::string(text.substr(e + 1)));

  const float size = std::abs(number);
  if (size != 0 && (size < 1e-6F || size >= 1e21F)) {
    const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    const std::string exponent_sign = exponent < 0 ? "-" : "+";
    return sign + digits.substr(0, 1) + fraction + "e" + exponent_sign +
           std::to_string(std::abs(exponent));
  }
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const std::size_t whole_digits = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole_digits) {
    return sign + digits + std::string(whole_digits - digits.size(), '0');
  }
  return sign + digits.substr(0, whole_digits) + "." + digits.substr(whole_digits);
}

namespace {

/// What Toxiproxy does not have, as far as it is there.
std::string extras_json(const ToxicSpec& toxic) {
  std::string out;
  if (toxic.engine) out += R"(,"engine":)" + json_string(to_string(*toxic.engine));
  return out + match_json(toxic.match) + timing_json(toxic) + reach_json(toxic.reach);
}

}  // namespace

std::string milliseconds_text(Duration duration) {
  std::array<char, 64> text{};
  const double milliseconds = static_cast<double>(duration.count()) / 1e6;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), milliseconds,
                                 std::chars_format::fixed, 3)
                       .ptr;
  return {text.data(), end};
}

std::string to_json(const ToxicSpec& toxic) {
  std::string attributes;
  for (std::size_t i = 0; i < toxic.attributes.size(); ++i) {
    const AttributeType& attribute = toxic.type->attributes.at(i);
    const AttributeValue& value = toxic.attributes[i];
    if (attribute.goes_without_saying(value)) continue;
    const std::string text = attribute.text_of(value);
    if (!attributes.empty()) attributes += ',';
    attributes +=
        json_string(attribute.name) + ":" + (attribute.is_text() ? json_string(text) : text);
  }
  return R"({"attributes":{)" + attributes + R"(},"name":)" + json_string(toxic.name) +
         R"(,"type":)" + json_string(toxic.type->name) + R"(,"stream":)" +
         json_string(toxic.stream_text) + R"(,"toxicity":)" + json_number(toxic.toxicity) +
         extras_json(toxic) + "}";
}

std::string to_json(const ProxySpec& proxy) {
  return R"({"name":)" + json_string(proxy.name) + R"(,"listen":)" + json_string(proxy.listen) +
         R"(,"upstream":)" + json_string(proxy.upstream) + R"(,"enabled":)" +
         (proxy.enabled ? "true" : "false") + R"(,"toxics":)" + toxic_list_json(proxy) + "}";
}

std::string proxies_by_name_json(const std::vector<const ProxySpec*>& proxies) {
  const auto entry = [](const ProxySpec* proxy) {
    return json_string(proxy->name) + ":" + to_json(*proxy);
  };
  return "{" + joined(proxies, entry) + "}";
}

std::string proxy_list_json(const std::vector<const ProxySpec*>& proxies) {
  return "[" + joined(proxies, [](const ProxySpec* proxy) { return to_json(*proxy); }) + "]";
}

std::string toxic_list_json(const ProxySpec& proxy) {
  std::vector<const ToxicSpec*> ordered;
  for (const Direction direction : {Direction::kUpstream, Direction::kDownstream}) {
    for (const ToxicSpec& toxic : proxy.toxics) {
      if (toxic.direction == direction) ordered.push_back(&toxic);
    }
  }
  return "[" + joined(ordered, [](const ToxicSpec* toxic) { return to_json(*toxic); }) + "]";
}

std::string error_json(std::string_view message, int status) {
  return R"({"error":)" + json_string(message) + R"(,"status":)" + std::to_string(status) + "}";
}

}  // namespace faultline
