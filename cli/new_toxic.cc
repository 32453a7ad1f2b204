#include "cli/new_toxic.h"

#include <nlohmann/json.hpp>

#include "control-api/json_reader.h"
#include "proxy/spec_decoder.h"

namespace faultline {

using Json = nlohmann::ordered_json;

Json to_json(const WrittenAttributes& attributes) {
  Json json = Json::object();
  for (const auto& attribute : attributes) {
    std::visit([&](const auto& value) { json[attribute.first] = value; }, attribute.second);
  }
  return json;
}

Json to_json(const NewToxic& toxic) {
  Json json = {{"type", toxic.type}};
  if (!toxic.name.empty()) json["name"] = toxic.name;
  if (!toxic.stream.empty()) json["stream"] = toxic.stream;
  if (toxic.toxicity) json["toxicity"] = *toxic.toxicity;
  json["attributes"] = to_json(toxic.attributes);
  write_conditions(toxic.conditions, json);
  return json;
}

Result<ToxicSpec> spec_of(const NewToxic& toxic) {
  const auto document =
      parse_json(to_json(toxic).dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!document) return Fail(document.error());
  return decode_toxic(*document, Dialect::kStrict);
}

Result<void> check_toxic(const NewToxic& toxic) {
  return spec_of(toxic).map([](const ToxicSpec&) {});
}

}  // namespace faultline
