#include "control-api/timeline_values.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

namespace faultline {

namespace {

/// What all values together come to that are filled in: a few placeholders could stand for much.
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

/// One ${name:-default} of a text.
struct Placeholder {
  std::string name;
  std::optional<std::string> preset;
  std::size_t begin = 0;
  std::size_t end = 0;  // Behind its brace.
};

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

/// The next at or behind `from`; nothing if there is none.
Result<std::optional<Placeholder>> next_in(const std::string& text, std::size_t from,
                                           const Document& place) {
  const std::size_t begin = text.find("${", from);
  if (begin == std::string::npos) return std::nullopt;
  const std::size_t end = text.find('}', begin);
  if (end == std::string::npos) return wrong(place, "`${` without a `}`");
  const std::string inner = text.substr(begin + 2, end - begin - 2);
  const std::size_t separator = inner.find(":-");
  Placeholder found{
      .name = inner.substr(0, separator), .preset = {}, .begin = begin, .end = end + 1};
  if (separator != std::string::npos) found.preset = inner.substr(separator + 2);
  if (is_name(found.name)) return found;
  return wrong(place, "`${" + inner + "}` names nothing: a name is letters, digits, `_` and `-`");
}

Result<void> collect(const Document& document, TimelinePlaceholders& all) {
  if (const auto* list = document.as<Document::Array>()) {
    for (const Document& element : *list) {
      if (auto collected = collect(element, all); !collected) return collected;
    }
  } else if (const auto* map = document.as<Document::Object>()) {
    for (const auto& [key, value] : *map) {
      if (auto collected = collect(value, all); !collected) return collected;
    }
  } else if (const auto* text = document.as<std::string>()) {
    for (std::size_t at = 0;;) {
      const auto found = next_in(*text, at, document);
      if (!found) return Fail(found.error());
      if (!*found) break;
      const auto [known, is_new] = all.emplace((*found)->name, (*found)->preset);
      if (!is_new && !(*found)->preset) known->second = std::nullopt;  // It is needed there.
      at = (*found)->end;
    }
  }
  return {};
}

/// About, with what a value takes beside its text.
std::size_t bytes_of(const TimelineValue& value) {
  constexpr std::size_t kEach = sizeof(Document);
  if (const auto* text = std::get_if<std::string>(&value)) return text->size() + kEach;
  std::size_t bytes = 0;
  for (const std::string& text : std::get<std::vector<std::string>>(value)) {
    bytes += text.size() + kEach;
  }
  return bytes;
}

Document at_place_of(const Document& place, std::string text) {
  return {std::move(text), place.line, place.column, place.pointer};
}

/// Replaces the placeholders of one document.
class Filler {
 public:
  /// `values` must outlive it.
  explicit Filler(const TimelineValues& values) : values_(values) {}

  Result<Document> fill(const Document& document) {
    Document out{{}, document.line, document.column, document.pointer};
    if (const auto* list = document.as<Document::Array>()) {
      Document::Array elements;
      for (const Document& element : *list) {
        if (auto filled = fill_element(element, elements); !filled) return Fail(filled.error());
      }
      out.value = std::move(elements);
      return out;
    }
    if (const auto* map = document.as<Document::Object>()) {
      Document::Object entries;
      for (const auto& [key, value] : *map) {
        auto filled = fill(value);
        if (!filled) return filled;
        entries.emplace_back(key, *std::move(filled));
      }
      out.value = std::move(entries);
      return out;
    }
    const auto* text = document.as<std::string>();
    if (text == nullptr) return document;
    auto value = fill_text(*text, document);
    if (!value) return Fail(value.error());
    if (auto* one = std::get_if<std::string>(&*value)) {
      out.value = std::move(*one);
      return out;
    }
    Document::Array elements;
    for (const std::string& one : std::get<std::vector<std::string>>(*value)) {
      elements.push_back(at_place_of(document, one));
    }
    out.value = std::move(elements);
    return out;
  }

 private:
  Result<TimelineValue> value_of(const Placeholder& placeholder, const Document& place) {
    const std::string& name = placeholder.name;
    const auto given = values_.find(name);
    if (given == values_.end() && !placeholder.preset) {
      return wrong(place,
                   "${" + name + "} is not given: say `" + name +
                       (name == "zone" ? "` (--zone)" : "` in `with` (--with " + name + "=...)"));
    }
    TimelineValue value = given == values_.end() ? *placeholder.preset : given->second;
    bytes_ += bytes_of(value);
    if (bytes_ <= kMostBytes) return value;
    return wrong(place, "what the placeholders stand for is too much: 1 MiB together is the most");
  }

  /// What `text`, which is at `place`, becomes.
  Result<TimelineValue> fill_text(const std::string& text, const Document& place) {
    std::string out;
    for (std::size_t at = 0;;) {
      const auto found = next_in(text, at, place);
      if (!found) return Fail(found.error());
      if (!*found) return out + text.substr(at);
      auto value = value_of(**found, place);
      if (!value) return value;
      const bool is_all = (*found)->begin == 0 && (*found)->end == text.size();
      if (is_all) return value;
      const auto* one = std::get_if<std::string>(&*value);
      if (one == nullptr) {
        return wrong(place, "${" + (*found)->name + "} is a list, which cannot be part of a text");
      }
      out += text.substr(at, (*found)->begin - at) + *one;
      at = (*found)->end;
    }
  }

  /// What an element of a list becomes: one, or several.
  Result<void> fill_element(const Document& element, Document::Array& out) {
    const auto* text = element.as<std::string>();
    if (text == nullptr) {
      auto filled = fill(element);
      if (!filled) return Fail(filled.error());
      out.push_back(*std::move(filled));
      return {};
    }
    auto value = fill_text(*text, element);
    if (!value) return Fail(value.error());
    if (auto* one = std::get_if<std::string>(&*value)) {
      out.push_back(at_place_of(element, std::move(*one)));
      return {};
    }
    for (const std::string& one : std::get<std::vector<std::string>>(*value)) {
      out.push_back(at_place_of(element, one));
    }
    return {};
  }

  const TimelineValues& values_;
  std::size_t bytes_ = 0;  // Of what was filled in.
};

}  // namespace

Result<TimelinePlaceholders> placeholders_in(const Document& document) {
  TimelinePlaceholders all;
  if (auto collected = collect(document, all); !collected) return Fail(collected.error());
  return all;
}

Result<Document> with_values(const Document& document, const TimelineValues& values) {
  return Filler(values).fill(document);
}

}  // namespace faultline
