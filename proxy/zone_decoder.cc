#include "proxy/zone_decoder.h"

#include <utility>

#include "proxy/fields.h"

namespace faultline {

namespace {

Result<std::vector<IpPrefix>> decode_cidrs(const Fields& zone) {
  std::vector<IpPrefix> prefixes;
  if (const Document* nothing = zone.find_null("cidrs"))
    return wrong(*nothing, "cidrs has no value");
  const Document* cidrs = zone.find("cidrs");
  if (cidrs == nullptr) return prefixes;
  const auto* list = cidrs->as<Document::Array>();
  if (list == nullptr) {
    return wrong(*cidrs, "cidrs must be a list like [10.1.0.0/16], not " + describe(*cidrs));
  }
  for (const Document& element : *list) {
    const auto* text = element.as<std::string>();
    if (text == nullptr) {
      return wrong(element, "cidrs must list addresses or prefixes, not " + describe(element));
    }
    const auto prefix = IpPrefix::parse(*text);
    if (!prefix) return wrong(element, "cidrs: " + prefix.error().message);
    prefixes.push_back(*prefix);
  }
  return prefixes;
}

}  // namespace

Result<ZoneSpec> decode_zone(const Document& document, const std::string& name, Dialect dialect) {
  if (auto checked = check_zone_name(name); !checked) {
    return wrong(document, checked.error().message);
  }
  if (dialect == Dialect::kV1 && document.is_null()) {
    return wrong(document,
                 "a zone must be an object like {\"cidrs\": [\"10.1.0.0/16\"]}, not null");
  }
  const auto fields = Fields::of(document, dialect, "a zone", {"name", "cidrs", "proxies"});
  if (!fields) return Fail(fields.error());
  const auto said = fields->text("name");
  if (!said) return Fail(said.error());
  if (*said && **said != name) {
    return wrong(*fields->find("name"), "name must be `" + name + "`, not `" + **said + "`");
  }
  auto cidrs = decode_cidrs(*fields);
  if (!cidrs) return Fail(cidrs.error());
  return ZoneSpec{name, *std::move(cidrs)};
}

Result<std::vector<ZoneSpec>> decode_zones(const Document& document, Dialect dialect) {
  std::vector<ZoneSpec> zones;
  if (document.is_null()) return zones;
  const auto* map = document.as<Document::Object>();
  if (map == nullptr) {
    return wrong(document,
                 "zones must be a map like {a: {cidrs: [10.1.0.0/16]}}, not " + describe(document));
  }
  for (const auto& [name, zone] : *map) {
    auto decoded = decode_zone(zone, name, dialect);
    if (!decoded) return Fail(decoded.error());
    zones.push_back(*std::move(decoded));
  }
  if (const auto checked = ZoneMap::build(zones); !checked) {
    return wrong(document, checked.error().message);
  }
  return zones;
}

}  // namespace faultline
