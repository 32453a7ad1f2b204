#include "proxy/sample_files.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/file_contents.h"
#include "proxy/fields.h"
#include "toxics/catalog.h"

namespace faultline {

namespace {

/// The value of `key`, in any letter case: Toxiproxy's lists may write it so. Null if there is
/// none.
Document* find(Document& map, std::string_view key) {
  auto* object = std::get_if<Document::Object>(&map.value);
  if (object == nullptr) return nullptr;
  for (auto& [name, value] : *object) {
    if (same_ignoring_case(name, key)) return &value;
  }
  return nullptr;
}

/// The elements of the list at `key`; none if there is no list.
Document::Array& elements(Document* list, Document::Array& none) {
  auto* array = list == nullptr ? nullptr : std::get_if<Document::Array>(&list->value);
  return array == nullptr ? none : *array;
}

Result<void> read_into(Document& value, const std::string& attribute, const std::string& folder) {
  auto* text = std::get_if<std::string>(&value.value);
  if (text == nullptr || !text->starts_with('@')) return {};
  const std::string path = (std::filesystem::path(folder) / text->substr(1)).string();
  std::error_code unknown;  // Then file_contents() says why.
  if (std::filesystem::is_other(path, unknown)) {
    return wrong(value, attribute + ": `" + path + "`: not a regular file");
  }
  auto contents = file_contents(path);
  if (!contents) {
    return wrong(value, attribute + ": `" + path + "`: " + contents.error().message);
  }
  *text = *std::move(contents);
  return {};
}

Result<void> read_for_toxic(Document& toxic, const std::string& folder) {
  const Document* name = find(toxic, "type");
  const auto* text = name == nullptr ? nullptr : name->as<std::string>();
  const ToxicType* type = text == nullptr ? nullptr : find_toxic_type(*text);
  Document* attributes = find(toxic, "attributes");
  if (type == nullptr || attributes == nullptr) return {};
  for (const AttributeType& attribute : type->attributes) {
    Document* value = find(*attributes, attribute.name);
    if (value == nullptr || attribute.quantity != Quantity::kSamples) continue;
    if (auto read = read_into(*value, attribute.name, folder); !read) return read;
  }
  return {};
}

}  // namespace

Result<void> read_sample_files(Document& document, const std::string& folder) {
  Document::Array none;
  const bool is_list = document.as<Document::Array>() != nullptr;
  Document* proxies = is_list ? &document : find(document, "proxies");
  for (Document& proxy : elements(proxies, none)) {
    for (Document& toxic : elements(find(proxy, "toxics"), none)) {
      if (auto read = read_for_toxic(toxic, folder); !read) return read;
    }
  }
  return {};
}

}  // namespace faultline
