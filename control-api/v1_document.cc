#include "control-api/v1_document.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

struct ToJson {
  Json operator()(std::monostate /*null*/) const { return nullptr; }
  Json operator()(bool truth) const { return truth; }
  Json operator()(std::int64_t number) const { return number; }
  Json operator()(double number) const { return number; }
  Json operator()(const std::string& text) const { return text; }
  Json operator()(const Document::Array& list) const {
    Json json = Json::array();
    for (const Document& element : list) json.push_back(json_of(element));
    return json;
  }
  Json operator()(const Document::Object& map) const {
    Json json = Json::object();
    for (const auto& [key, value] : map) json[key] = json_of(value);
    return json;
  }
};

}  // namespace

Json json_of(const Document& document) {
  return std::visit(ToJson{}, document.value);
}

}  // namespace faultline
