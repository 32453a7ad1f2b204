#include "cli/timeline_source.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include "base/file_contents.h"
#include "control-api/timeline_decoder.h"
#include "control-api/timeline_presets.h"
#include "proxy/yaml_document.h"

namespace faultline {

namespace {

/// Placeholders stay: they are not of the environment.
Result<Document> read_file(const std::string& path) {
  const auto text = file_contents(path);
  if (!text) return within(path, text.error());
  auto document = parse_yaml(*text, {});
  if (!document) return fail(ErrorKind::kInvalid, path + ":" + document.error().message);
  return document;
}

/// What stands at `segment` of `document`; null if there is nothing.
const Document* entry_of(const Document& document, const std::string& segment) {
  if (const auto* map = document.as<Document::Object>()) {
    for (const auto& [key, value] : *map) {
      if (key == segment) return &value;
    }
  }
  if (const auto* list = document.as<Document::Array>()) {
    std::size_t index = list->size();
    std::from_chars(segment.data(), segment.data() + segment.size(), index);
    if (index < list->size()) return &(*list)[index];
  }
  return nullptr;
}

}  // namespace

Result<TimelineSource> timeline_source(const std::string& word) {
  TimelineSource source;
  if (const TimelinePreset* preset = find_timeline_preset(word)) {
    source.preset = word;
    source.document = document_of(*preset);
    return source;
  }
  std::error_code error;
  if (!std::filesystem::exists(word, error)) {
    return fail(ErrorKind::kInvalid,
                no_such_preset(word).value().message + ", and no such file either");
  }
  auto document = read_file(word);
  if (!document) return Fail(document.error());
  source.file = word;
  source.document = *std::move(document);
  return source;
}

bool is_timeline_file(const std::string& path) {
  const auto document = read_file(path);
  return document && entry_of(*document, "steps") != nullptr;
}

Result<TimelineValues> timeline_values(const std::string& zone,
                                       const std::vector<std::string>& with) {
  TimelineValues values;
  if (!zone.empty()) values["zone"] = zone;
  for (const std::string& text : with) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kInvalid, "--with must be NAME=VALUE, not `" + text + "`");
    }
    const std::string name = text.substr(0, equals);
    std::vector<std::string> list;
    for (std::size_t at = equals + 1; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      list.push_back(text.substr(at, comma - at));
      at = comma + 1;
    }
    const bool is_list = list.size() > 1;
    auto value = is_list ? TimelineValue(std::move(list)) : TimelineValue(list.front());
    if (values.emplace(name, std::move(value)).second) continue;
    return fail(ErrorKind::kInvalid, "${" + name + "} is given twice");
  }
  return values;
}

Result<Timeline> timeline_of(const TimelineSource& source, const TimelineValues& values,
                             const std::string& speed) {
  const auto times = speed.empty() ? Result<double>(1) : parse_speed(speed);
  if (!times) return within("--speed", times.error());
  auto timeline = decode_timeline(source.document, values, *times);
  if (timeline || source.file.empty()) return timeline;
  return fail(ErrorKind::kInvalid, source.file + ":" + timeline.error().message);
}

std::string place_in_file(const TimelineSource& source, const std::string& pointer) {
  constexpr std::string_view kStart = "/timeline/";
  if (source.file.empty() || !pointer.starts_with(kStart)) return "";
  const Document* place = &source.document;
  for (std::size_t at = kStart.size(); at <= pointer.size();) {
    const std::size_t slash = std::min(pointer.find('/', at), pointer.size());
    const Document* part = entry_of(*place, pointer.substr(at, slash - at));
    if (part == nullptr) break;
    place = part;
    at = slash + 1;
  }
  return source.file + ":" + std::to_string(place->line) + ":" + std::to_string(place->column) +
         ": ";
}

}  // namespace faultline
