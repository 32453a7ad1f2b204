#include "control-api/v1_schema_parts.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr auto kDuration = R"(^0$|^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$)";
constexpr auto kPercent = R"(^([0-9]|[1-9][0-9]|100)(\.[0-9]{1,4})?%$)";

}  // namespace

Json schema_ref(const std::string& name) {
  return {{"$ref", "#/components/schemas/" + name}};
}

Json text(const std::string& description) {
  return {{"type", "string"}, {"description", description}};
}

Json duration(const std::string& description) {
  return {{"type", "string"},
          {"pattern", kDuration},
          {"description", description},
          {"examples", {"100ms", "1.5s"}}};
}

Json share(const std::string& description) {
  return {{"description", description},
          {"anyOf",
           {{{"type", "number"}, {"minimum", 0}, {"maximum", 1}},
            {{"type", "string"}, {"pattern", kPercent}}}},
          {"examples", {"30%", 0.3}}};
}

Json list_of(const Json& items) {
  return {{"type", "array"}, {"items", items}};
}

Json map_of(const Json& properties, const Json& required) {
  Json schema = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

Json word_of(const std::vector<std::string>& words, const std::string& description) {
  return {{"type", "string"}, {"enum", words}, {"description", description}};
}

Json turns(const std::string& description, bool has_jitter) {
  Json fields = {{"on", duration("how long it is in force")},
                 {"off", duration("how long it is not")}};
  if (has_jitter) fields["jitter"] = duration("up to this much more or less, each time");
  Json schema = map_of(fields, {"on", "off"});
  schema["description"] = description;
  return schema;
}

Json limits_schema() {
  const Json count = {{"type", "integer"}, {"minimum", 1}};
  Json schema = map_of(
      {{"max_connections", count},
       {"max_share", share("of the connections that are open")},
       {"max_bytes_delayed", {{"anyOf", {count, {{"type", "string"}}}}, {"examples", {"10MB"}}}}});
  schema["description"] = "reaching one ends the toxic at once";
  return schema;
}

}  // namespace faultline
