#include "cli/toxic_sentence.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/conditions.h"
#include "cli/v1_action.h"
#include "control-api/v1_views.h"
#include "toxics/catalog.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// The time of day, here, of "2026-11-28T14:05:12.123Z"; as it is, if it is no such time.
std::string time_of_day(const std::string& rfc3339) {
  std::tm parts{};
  const char* const rest = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return rfc3339;
  const std::time_t time = timegm(&parts);
  std::tm local{};
  localtime_r(&time, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

void add_attributes(const Json& toxic, std::vector<std::string>& parts) {
  const ToxicType* type = find_toxic_type(text_at(toxic, "type"));
  const Json attributes = toxic.value("attributes", Json::object());
  for (const auto& [name, value] : attributes.items()) {
    const int index = type == nullptr ? -1 : type->attribute_index(name);
    if (index >= 0) {
      const AttributeType& attribute = type->attributes[static_cast<std::size_t>(index)];
      // A first number is always said: without it a rate of 0 would look like nothing.
      const bool is_default =
          value == attribute_view(attribute, AttributeValue(attribute.default_value));
      if (is_default && (index > 0 || attribute.is_text())) continue;
      if (attribute.quantity == Quantity::kSamples) {
        parts.push_back(name + " as given");
        continue;
      }
    }
    parts.push_back(name + " " + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
}

std::string end_of(const Json& toxic) {
  const std::string lease = text_at(toxic, "lease");
  const std::string ttl = text_at(toxic, "ttl");
  const bool has_time = !ttl.empty() && ttl != "none";
  std::string end;
  if (has_time) {
    const std::string at = text_at(toxic, "ends_at");
    end = at.empty() ? "for " + ttl : "until " + time_of_day(at) + " (" + ttl + ")";
  }
  if (lease.empty()) return has_time ? end : "until it is removed";
  return (has_time ? end + " and " : "") + "as long as lease " + lease;
}

}  // namespace

std::string toxic_sentence(const Json& toxic) {
  std::vector<std::string> parts;
  add_attributes(toxic, parts);
  const ToxicType* type = find_toxic_type(text_at(toxic, "type"));
  if (type == nullptr || type->usual_links() == Links::kOwn) {
    parts.emplace_back(text_at(toxic, "stream") == "upstream" ? "requests" : "answers");
  }
  if (const std::string toxicity = text_at(toxic, "toxicity"); toxicity != "100%") {
    parts.push_back("toxicity " + toxicity);
  }
  for (const std::string& condition : in_words(read_conditions(toxic))) parts.push_back(condition);
  parts.push_back(end_of(toxic));
  std::string sentence;
  for (const std::string& part : parts) sentence += (sentence.empty() ? "" : ", ") + part;
  return sentence;
}

}  // namespace faultline
