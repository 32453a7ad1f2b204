#include "control-api/v1_schemas.h"

#include <string>

#include "control-api/v1_run_schemas.h"
#include "control-api/v1_schema_parts.h"
#include "control-api/v1_views.h"
#include "control-api/v1_zone_schemas.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json attribute_schema(const AttributeType& type) {
  Json schema;
  if (type.quantity == Quantity::kChoice) {
    schema = {{"type", "string"}, {"enum", type.choices}};
  } else if (type.quantity == Quantity::kSamples) {
    schema = {{"type", "string"}};
  } else if (type.unit == "ms" || type.unit == "us") {
    schema = duration("");
  } else if (type.unit == "KB/s") {
    schema = {
        {"type", "string"},
        {"pattern", R"(^[0-9]+(\.[0-9]+)?(KB|MB|GB|KiB|MiB|GiB|kB|B|bit|kbit|mbit|gbit)(/s)?$)"},
        {"examples", {"10mbit", "1MB/s"}}};
  } else if (type.quantity == Quantity::kProbability && type.at_least >= 0) {
    schema = share("");
  } else {
    Json number = {{"type", type.quantity == Quantity::kWhole ? "integer" : "number"},
                   {"minimum", attribute_view(type, AttributeValue(type.at_least))}};
    if (type.at_most != INT64_MAX) {
      const double scale = type.quantity == Quantity::kWhole ? 1 : AttributeValue::kMillion;
      number["maximum"] = static_cast<double>(type.at_most) / scale;
    }
    schema = {{"anyOf", {number, {{"type", "string"}}}}};
  }
  schema["description"] = type.summary;
  if (type.quantity != Quantity::kSamples) {
    schema["default"] = attribute_view(type, AttributeValue(type.default_value));
  }
  return schema;
}

Json prefixes() {
  return {{"type", "array"},
          {"items", {{"type", "string"}}},
          {"minItems", 1},
          {"maxItems", 400},
          {"examples", {{"10.1.0.0/16"}}}};
}

Json destinations() {
  return {{"type", "array"},
          {"items", {{"type", "string"}}},
          {"minItems", 1},
          {"maxItems", 400},
          {"examples",
           {{"10.2.0.0/16:5432"}, {"[fd00::/8]:5432"}, {"*.cache.internal"}, {"db1:5432"}}}};
}

Json match_schema() {
  const Json count = {{"type", "integer"}, {"minimum", 1}};
  Json schema = map_of({{"client", text("a list of one")},
                        {"clients", prefixes()},
                        {"not_clients", prefixes()},
                        {"destination", text("a list of one")},
                        {"destinations", destinations()},
                        {"connections", share("a share of them, drawn once for each")},
                        {"by",
                         {{"type", "string"},
                          {"enum", {"ordinal", "client"}},
                          {"description",
                           "what is drawn for: each connection, or each "
                           "client's address"}}},
                        {"after", count},
                        {"first", count},
                        {"every", count}});
  schema["description"] = "the connections it is for; without it, all";
  return schema;
}

Json toxic_fields() {
  return {
      {"name",
       {{"type", "string"}, {"description", "unique on its proxy; <type>_<stream> if absent"}}},
      {"type", {{"type", "string"}, {"enum", toxic_type_names()}}},
      {"stream",
       {{"type", "string"}, {"enum", {"upstream", "downstream"}}, {"default", "downstream"}}},
      {"toxicity", share("the share of connections that it is for, drawn for each")},
      {"attributes", {{"type", "object"}}},
      {"match", match_schema()},
      {"pulse", turns("by turns in force and not", true)},
      {"poisson", turns("the same, with lengths drawn at random; these are the means", false)},
      {"after", text("when it begins on a connection: a time, or a size, `64KiB`")},
      {"until", text("when it ends on a connection: a time, or a size")},
      {"ramp", map_of({{"attribute", text("which; the first if absent")},
                       {"from", Json::object()},
                       {"to", Json::object()},
                       {"over", duration("how long it takes")}},
                      {"from", "to", "over"})},
      {"affects",
       {{"type", "string"},
        {"enum", {"new", "open", "both"}},
        {"description", "connections made since it was, those open then, or both"}}},
      {"on_remove",
       {{"type", "string"},
        {"enum", {"resume", "close", "reset"}},
        {"description", "what becomes of its connections when it is removed"}}},
      {"shadow",
       {{"type", "boolean"}, {"description", "it matches, draws and counts, and does nothing"}}},
      {"limits", limits_schema()},
      {"ttl",
       {{"type", "string"},
        {"description", "when it ends by itself, from now; `none` where the server allows it"},
        {"examples", {"10m", "none"}}}},
      {"ends_at",
       {{"type", "string"}, {"description", "when it ends by itself; what is sent is ignored"}}},
      {"lease", text("the id of the lease that it ends with")},
      {"owner", {{"type", "string"}, {"maxLength", 1000}, {"description", "who answers for it"}}},
      {"reason", {{"type", "string"}, {"maxLength", 1000}, {"description", "what it is for"}}},
      {"engine", text("what carries it out; what is sent is ignored")}};
}

Json toxic_request() {
  Json schema = map_of(toxic_fields(), {"type"});
  Json types = Json::array();
  for (const ToxicType& type : toxic_catalog()) {
    types.push_back({{"properties",
                      {{"type", {{"const", type.name}}},
                       {"attributes", schema_ref(type.name + "_attributes")}}}});
  }
  schema["oneOf"] = types;
  return schema;
}

Json toxic_shown() {
  return map_of(toxic_fields(), {"name", "type", "stream", "toxicity", "attributes", "ttl"});
}

Json proxy_fields(const std::string& toxic) {
  return {{"name", {{"type", "string"}, {"minLength", 1}}},
          {"listen",
           {{"type", "string"},
            {"default", "127.0.0.1:0"},
            {"description", "HOST:PORT or unix:/PATH; port 0 is any free one"}}},
          {"upstream", text("HOST:PORT or unix:/PATH; with another protocol than tcp none")},
          {"protocol",
           {{"type", "string"},
            {"enum", protocol_names()},
            {"default", "tcp"},
            {"description", "who says where connections go: upstream, or each client"}}},
          {"accept_proxy_protocol",
           {{"type", "boolean"},
            {"default", false},
            {"description", "each client begins with a PROXY header, v1 or v2"}}},
          {"send_proxy_protocol",
           {{"type", "string"},
            {"enum", {"none", "v1", "v2"}},
            {"default", "none"},
            {"description", "the upstream is sent a PROXY header first"}}},
          {"enabled", {{"type", "boolean"}, {"default", true}}},
          {"zone", text("of the upstream; without it, that of its address")},
          {"client_zone", text("of everybody who connects; without it, those of their addresses")},
          {"toxics", list_of(schema_ref(toxic))}};
}

/// Either it has an upstream, or another protocol.
Json proxy_request(const std::vector<std::string>& required) {
  Json schema = map_of(proxy_fields("ToxicRequest"), required);
  schema["anyOf"] = {{{"required", {"upstream"}}}, {{"required", {"protocol"}}}};
  return schema;
}

Json number(const std::string& description) {
  return {{"type", "number"}, {"description", description}};
}

Json toxic_type_schema() {
  return map_of(
      {{"name", text("")},
       {"summary", text("what the peers see")},
       {"toxiproxy", {{"type", "boolean"}, {"description", "Toxiproxy has it, too"}}},
       {"works_on", {{"type", "string"}, {"enum", {"stream", "connection"}}}},
       {"attributes", {{"type", "object"}, {"description", "the JSON Schema of its attributes"}}}},
      {"name", "summary", "toxiproxy", "works_on", "attributes"});
}

Json capabilities_schema() {
  return map_of(
      {{"version", text("Faultline's")},
       {"toxiproxy", text("the Toxiproxy that /proxies behaves as")},
       {"seed", text("what every draw of chance comes from")},
       {"workers", {{"type", "integer"}}},
       {"packet_filters", {{"type", "boolean"}, {"description", "the kernel engine can be had"}}},
       {"default_ttl", text("of a toxic that does not say")},
       {"max_ttl", text("")},
       {"may_have_no_end", {{"type", "boolean"}, {"description", "`ttl: none` is taken"}}},
       {"toxic_types", list_of(text(""))}},
      {"version", "seed", "workers", "packet_filters", "default_ttl", "max_ttl"});
}

Json stats_schema() {
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  const Json bucket =
      map_of({{"le_seconds",
               {{"type", {"number", "null"}},
                {"description", "up to this long, and longer than the one before; null: no end"}}},
              {"count", count}},
             {"le_seconds", "count"});
  const Json histogram =
      map_of({{"count", count}, {"sum_seconds", number("")}, {"buckets", list_of(bucket)}},
             {"count", "sum_seconds", "buckets"});
  const Json toxic = map_of({{"name", text("")},
                             {"type", text("")},
                             {"stream", text("")},
                             {"connections", count},
                             {"met", count},
                             {"matched", count},
                             {"applied", count},
                             {"acts_on_listener",
                              {{"type", "boolean"},
                               {"description",
                                "it turns clients away who have no connection yet: nobody counts "
                                "them"}}},
                             {"delayed_bytes", count},
                             {"dropped_bytes", count},
                             {"delayed", histogram},
                             {"late", histogram}},
                            {"name", "connections"});
  const Json bytes =
      map_of({{"upstream", count}, {"downstream", count}}, {"upstream", "downstream"});
  const Json proxy = map_of({{"name", text("")},
                             {"connections_total", count},
                             {"connections_active", count},
                             {"dial_errors", count},
                             {"accept_errors", count},
                             {"greeting_errors", count},
                             {"received_bytes", bytes},
                             {"sent_bytes", bytes},
                             {"toxics", list_of(toxic)}},
                            {"name", "connections_total", "connections_active", "toxics"});
  return map_of({{"proxies", list_of(proxy)}, {"held_bytes", count}, {"memory_limit_bytes", count}},
                {"proxies", "held_bytes", "memory_limit_bytes"});
}

void add_connection_schemas(Json& schemas) {
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  const Json toxic_bytes =
      map_of({{"passed", count}, {"delayed", count}, {"dropped", count}, {"held", count}});
  const Json on_it = map_of({{"name", text("")},
                             {"type", text("")},
                             {"stream", text("")},
                             {"in_force", {{"type", "boolean"}}},
                             {"why_not", text("what spares the connection, in a word")},
                             {"bytes", toxic_bytes}},
                            {"name", "type", "stream", "in_force", "bytes"});
  const Json link =
      map_of({{"received", count}, {"sent", count}, {"held", count}, {"waiting", count}},
             {"received", "sent"});
  const Json upstream = {
      {"anyOf",
       {{{"type", "null"}},
        map_of({{"address", text("")}, {"local", text("our own")}}, {"address", "local"})}}};
  const Json destination = {{"type", {"string", "null"}},
                            {"description", "where it goes, as asked for; null while not known"}};
  schemas["Connection"] = map_of({{"id", text("no other connection ever has it")},
                                  {"proxy", text("")},
                                  {"client", text("")},
                                  {"client_name", text("the user name that it gave")},
                                  {"destination", destination},
                                  {"upstream", upstream},
                                  {"state", text("")},
                                  {"opened", text("")},
                                  {"age", text("")},
                                  {"idle", text("since a byte came from either side")},
                                  {"upstream_bytes", link},
                                  {"downstream_bytes", link},
                                  {"toxics", list_of(on_it)}},
                                 {"id", "proxy", "client", "state", "toxics"});
  const Json cursor = {{"type", {"string", "null"}}, {"description", "where the next page begins"}};
  schemas["ConnectionList"] =
      map_of({{"connections", list_of(schema_ref("Connection"))}, {"next", cursor}},
             {"connections", "next"});
  schemas["EndedConnection"] = map_of({{"id", text("")},
                                       {"proxy", text("")},
                                       {"client", text("")},
                                       {"destination", destination},
                                       {"opened", text("")},
                                       {"ended", text("")},
                                       {"lasted", text("")},
                                       {"ended_by", text("client, upstream, toxic, greeting, ...")},
                                       {"with", {{"type", "string"}, {"enum", {"fin", "rst"}}}},
                                       {"upstream_bytes", link},
                                       {"downstream_bytes", link},
                                       {"toxics", list_of(text("in force at its end"))},
                                       {"more_toxics", count}},
                                      {"id", "client", "ended_by", "with"});
  schemas["Why"] = map_of({{"live", list_of(schema_ref("Connection"))},
                           {"ended", list_of(schema_ref("EndedConnection"))}},
                          {"live", "ended"});
  schemas["Lingering"] = map_of({{"kind", text("")},
                                 {"proxy", text("")},
                                 {"toxic", text("")},
                                 {"partition", text("")},
                                 {"run", text("its id")},
                                 {"count", count}},
                                {"kind"});
  schemas["Clean"] = map_of({{"clean", {{"const", true}}}}, {"clean"});
  schemas["EventList"] = {{"type", "object"},
                          {"properties",
                           {{"events", list_of({{"type", "object"}})},
                            {"next", count},
                            {"missed", {{"type", "object"}}}}},
                          {"required", {"events", "next"}}};
}

void add_lease_schemas(Json& schemas) {
  const Json who = {{"type", "string"}, {"maxLength", 1000}};
  schemas["LeaseRequest"] = map_of(
      {{"ttl", duration("how long it lasts unless renewed")}, {"owner", who}, {"reason", who}},
      {"ttl"});
  schemas["Lease"] = map_of(
      {{"id", text("")},
       {"ttl", text("")},
       {"held_by",
        {{"type", "integer"}, {"description", "so many open streams: it does not end by itself"}}},
       {"ends_at",
        {{"type", {"string", "null"}},
         {"description", "null while it is held; then its ttl counts"}}},
       {"owner", who},
       {"reason", who},
       {"toxics",
        {{"type", "array"},
         {"description", "all that names it, partitions and runs too, and ends with it"},
         {"items", map_of({{"proxy", text("")},
                           {"toxic", text("")},
                           {"partition", text("")},
                           {"run", text("its id")}})}}}},
      {"id", "ttl", "held_by", "ends_at", "owner", "reason", "toxics"});
  schemas["LeaseList"] = map_of({{"leases", list_of(schema_ref("Lease"))}}, {"leases"});
  schemas["HaltRequest"] = map_of(
      {{"reason", {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}}}, {"owner", who}},
      {"reason"});
  schemas["Halt"] = map_of(
      {{"halted", {{"type", "boolean"}}},
       {"since", text("")},
       {"owner", who},
       {"reason", who},
       {"survives_restart",
        {{"type", "boolean"}, {"description", "there is a file to keep it in: see --state-dir"}}},
       {"removed", {{"type", "integer"}, {"description", "how many toxics that has removed"}}}},
      {"halted", "survives_restart"});
}

}  // namespace

Json v1_attributes_schema(const ToxicType& type) {
  Json properties = Json::object();
  for (const AttributeType& attribute : type.attributes) {
    properties[attribute.name] = attribute_schema(attribute);
  }
  return map_of(properties);
}

Json v1_schemas() {
  Json schemas;
  schemas["Proxy"] = map_of(proxy_fields("Toxic"),
                            {"name", "listen", "upstream", "protocol", "enabled", "toxics"});
  schemas["ProxyRequest"] = proxy_request({"name"});
  schemas["NamedProxyRequest"] = proxy_request({});
  schemas["Patch"] = {
      {"type", "object"},
      {"description", "a JSON merge patch (RFC 7396): null is back to the default"}};
  schemas["ProxyList"] = map_of({{"proxies", list_of(schema_ref("Proxy"))}}, {"proxies"});
  schemas["Toxic"] = toxic_shown();
  schemas["ToxicRequest"] = toxic_request();
  schemas["ToxicList"] = map_of({{"toxics", list_of(schema_ref("Toxic"))}}, {"toxics"});
  for (const ToxicType& type : toxic_catalog()) {
    schemas[type.name + "_attributes"] = v1_attributes_schema(type);
  }
  add_zone_schemas(schemas);
  add_run_schemas(schemas);
  add_lease_schemas(schemas);
  add_connection_schemas(schemas);
  schemas["ToxicType"] = toxic_type_schema();
  schemas["ToxicTypeList"] =
      map_of({{"toxic_types", list_of(schema_ref("ToxicType"))}}, {"toxic_types"});
  schemas["Capabilities"] = capabilities_schema();
  schemas["Stats"] = stats_schema();
  schemas["Config"] = map_of({{"version", {{"const", 1}}},
                              {"zones", {{"type", "object"}}},
                              {"proxies", list_of(schema_ref("Proxy"))},
                              {"partitions", list_of(schema_ref("PartitionRequest"))}},
                             {"version", "proxies"});
  schemas["Problem"] =
      map_of({{"type", text("the class, as an address with what it means")},
              {"title", text("")},
              {"status", {{"type", "integer"}}},
              {"code", text("the class in a word")},
              {"detail", text("what was wrong, and what would do")},
              {"pointer", text("the JSON pointer to the part of the body that is meant")},
              {"lingering", list_of(schema_ref("Lingering"))}},
             {"type", "title", "status", "code", "detail"});
  return schemas;
}

}  // namespace faultline
