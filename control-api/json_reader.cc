#include "control-api/json_reader.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control-api/utf8.h"

namespace faultline {

namespace {

/// The four hex digits of "\uNNNN" at `position`, if that is what stands there.
std::optional<unsigned> unicode_escape(std::string_view text, std::size_t position) {
  if (text.substr(position, 2) != "\\u" || position + 6 > text.size()) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(position + 2, 4)) {
    const bool digit = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'f';
    const bool upper = c >= 'A' && c <= 'F';
    if (!digit && !lower && !upper) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit ? c - '0' : (lower ? c - 'a' : c - 'A') + 10);
  }
  return value;
}

bool is_high_surrogate(unsigned unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low_surrogate(unsigned unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/// Copies the escape sequence at `position` to `out`, with a lone surrogate
/// replaced; returns how many bytes of `text` that took.
std::size_t copy_escape(std::string_view text, std::size_t position, std::string& out) {
  const std::optional<unsigned> unit = unicode_escape(text, position);
  if (!unit) {
    // "\\", "\n", or broken. The byte behind the backslash is no start of another escape.
    const bool ascii =
        position + 1 < text.size() && static_cast<unsigned char>(text[position + 1]) < 0x80;
    const std::size_t length = ascii ? 2 : 1;
    out += text.substr(position, length);
    return length;
  }
  const std::optional<unsigned> next = unicode_escape(text, position + 6);
  if (is_high_surrogate(*unit) && next && is_low_surrogate(*next)) {
    out += text.substr(position, 12);
    return 12;
  }
  if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
    out += "\\ufffd";
  } else {
    out += text.substr(position, 6);
  }
  return 6;
}

/// `text` with U+FFFD for what nlohmann would refuse and Toxiproxy reads.
std::string with_replacements(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t position = 0;
  while (position < text.size()) {
    if (text[position] == '\\') {
      position += copy_escape(text, position, out);
      continue;
    }
    const std::size_t length = utf8_length(text, position);
    out += length == 0 ? kReplacement : text.substr(position, length);
    position += length == 0 ? 1 : length;
  }
  return out;
}

/// Builds the document while nlohmann reads.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  /// `most_values` bounds the memory that a text of little ones would take.
  explicit Builder(std::size_t text_size, std::size_t most_values = SIZE_MAX)
      : text_size_(text_size), values_left_(most_values) {}

  bool null() override { return put(std::monostate{}); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return put(static_cast<std::int64_t>(value));
    }
    return put(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*size*/) override { return open(Document::Object{}); }
  bool key(string_t& name) override {
    std::get<Document::Object>(open_.back()->value).emplace_back(std::move(name), Document{});
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(Document::Array{}); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& exception) override {
    if (position > text_size_) {  // It read past the end.
      error_ = "unexpected EOF";
      return false;
    }
    error_ = exception.what();  // "[json.exception.parse_error.101] parse error at line 1, ..."
    const std::size_t tag = error_.find("] ");
    if (tag != std::string::npos) error_.erase(0, tag + 2);
    return false;
  }

  Document take_document() { return std::move(root_); }
  const std::string& error() const { return error_; }

 private:
  /// Where the next value belongs. The pointers in open_ stay good: a list or
  /// map grows only while it is the innermost.
  Document& next_place() {
    if (open_.empty()) return root_;
    if (auto* list = std::get_if<Document::Array>(&open_.back()->value)) {
      return list->emplace_back();
    }
    return std::get<Document::Object>(open_.back()->value).back().second;
  }

  bool count_value() {
    if (values_left_ > 0) {
      --values_left_;
      return true;
    }
    error_ = "it has more than " + std::to_string(kJsonValues) + " values";
    return false;
  }

  template <class Value>
  bool put(Value value) {
    if (!count_value()) return false;
    next_place().value = std::move(value);
    return true;
  }

  template <class Container>
  bool open(Container container) {
    if (open_.size() >= kJsonDepth) {
      error_ = "nested more than " + std::to_string(kJsonDepth) + " deep";
      return false;
    }
    if (!count_value()) return false;
    Document& place = next_place();
    place.value = std::move(container);
    open_.push_back(&place);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const std::size_t text_size_;
  std::size_t values_left_;
  Document root_;
  std::vector<Document*> open_;
  std::string error_;
};

/// A key as a JSON pointer writes it.
std::string pointer_step(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

/// Gives what is in a document its pointers.
class PlaceMarker {
 public:
  /// Errors: kMalformed, a key is there twice, or there are too many, or too long ones.
  Result<void> mark(Document& document) {
    if (auto* list = std::get_if<Document::Array>(&document.value)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        if (auto marked = mark((*list)[i], document.pointer + "/" + std::to_string(i)); !marked) {
          return marked;
        }
      }
    }
    auto* map = std::get_if<Document::Object>(&document.value);
    if (map == nullptr) return {};
    if (map->size() > kJsonKeys) {
      return Fail(Error{ErrorKind::kMalformed,
                        "a map has more than " + std::to_string(kJsonKeys) + " keys",
                        document.pointer});
    }
    std::set<std::string_view> keys;
    for (auto& [key, value] : *map) {
      if (auto marked = mark(value, document.pointer + pointer_step(key)); !marked) return marked;
      if (!keys.insert(key).second) {
        return Fail(
            Error{ErrorKind::kMalformed, "key `" + key + "` is given twice", value.pointer});
      }
    }
    return {};
  }

 private:
  Result<void> mark(Document& document, std::string pointer) {
    if (pointer.size() > bytes_left_) {
      return fail(ErrorKind::kMalformed, "the keys of the document are too long");
    }
    bytes_left_ -= pointer.size();
    document.pointer = std::move(pointer);
    return mark(document);
  }

  std::size_t bytes_left_ = 16UL << 20;  // Each value has the keys above it in its pointer.
};

}  // namespace

Result<Document> parse_json(std::string_view text) {
  const auto bad = [](const std::string& reason) {
    return fail(ErrorKind::kInvalid, "bad request body: " + reason);
  };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return bad("EOF");
  if (text.substr(0, 3) == "\xef\xbb\xbf") return bad("a byte order mark is not JSON");
  const std::string readable = with_replacements(text);
  Builder builder(readable.size());
  constexpr bool kWholeText = false;
  const bool read = nlohmann::json::sax_parse(readable, &builder,
                                              nlohmann::json::input_format_t::json, kWholeText);
  if (!read) return bad(builder.error());
  return builder.take_document();
}

Result<Document> parse_strict_json(std::string_view text) {
  const auto bad = [](const std::string& reason) {
    return fail(ErrorKind::kMalformed, "the body is not JSON: " + reason);
  };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(ErrorKind::kMalformed, "the body is empty: send a JSON document");
  }
  if (text.substr(0, 3) == "\xef\xbb\xbf") return bad("it begins with a byte order mark");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return bad("byte " + std::to_string(at + 1) + " is not UTF-8");
    at += length;
  }
  Builder builder(text.size(), kJsonValues);
  constexpr bool kWholeText = true;
  const bool read = nlohmann::json::sax_parse(text.begin(), text.end(), &builder,
                                              nlohmann::json::input_format_t::json, kWholeText);
  if (!read) return bad(builder.error());
  Document document = builder.take_document();
  if (auto marked = PlaceMarker().mark(document); !marked) return Fail(marked.error());
  return document;
}

}  // namespace faultline
