#include "toxics/catalog.h"

#include <algorithm>
#include <iterator>

#include "toxics/type_lists.h"

namespace faultline {

namespace {

std::vector<ToxicType> joined(std::vector<std::vector<ToxicType>> lists) {
  std::vector<ToxicType> all;
  for (std::vector<ToxicType>& list : lists) {
    std::move(list.begin(), list.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

Attributes ToxicType::default_attributes() const {
  Attributes values;
  for (const AttributeType& attribute : attributes) values.push_back(attribute.default_value);
  return values;
}

Links ToxicType::usual_links() const {
  return effects_of(default_attributes(), nullptr, Placement{}).links;
}

Result<std::shared_ptr<const SampleTable>> ToxicType::samples_of(const Attributes& set) const {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].quantity != Quantity::kSamples || set[i].text().empty()) continue;
    auto table = SampleTable::parse(set[i].text());
    if (!table) return within(attributes[i].name, table.error());
    return std::make_shared<const SampleTable>(*std::move(table));
  }
  return nullptr;
}

Result<void> ToxicType::check_together(const Attributes& set) const {
  const auto samples = samples_of(set);
  if (!samples) return Fail(samples.error());
  return check == nullptr ? Result<void>() : check(set, samples->get());
}

int ToxicType::attribute_index(std::string_view attribute) const {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == attribute) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> ToxicType::attribute_names() const {
  std::vector<std::string> names;
  for (const AttributeType& attribute : attributes) names.push_back(attribute.name);
  return names;
}

const std::vector<ToxicType>& toxic_catalog() {
  static const std::vector<ToxicType> kAll =
      joined({toxiproxy_types(), outage_types(), network_types(), byte_types()});
  return kAll;
}

const ToxicType* find_toxic_type(std::string_view name) {
  const std::vector<ToxicType>& all = toxic_catalog();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const ToxicType& type) { return type.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> toxic_type_names() {
  std::vector<std::string> names;
  for (const ToxicType& type : toxic_catalog()) names.push_back(type.name);
  return names;
}

}  // namespace faultline
