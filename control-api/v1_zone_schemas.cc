#include "control-api/v1_zone_schemas.h"

#include "control-api/v1_schema_parts.h"
#include "proxy/client_probe.h"
#include "proxy/partition.h"
#include "zones/zone_map.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json count(const std::string& description) {
  return {{"type", "integer"}, {"minimum", 0}, {"description", description}};
}

Json zone_name() {
  return {{"type", "string"}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}};
}

Json cidrs() {
  return {{"type", "array"},
          {"items", {{"type", "string"}}},
          {"maxItems", ZoneMap::kMostPrefixes},
          {"description", "which addresses are in it; none is in two zones"},
          {"examples", {{"10.1.0.0/16", "fd00:1::/32"}}}};
}

Json zone_list(const std::string& description) {
  return {{"description", description},
          {"anyOf", {{{"type", "string"}}, list_of({{"type", "string"}})}},
          {"examples", {{"a", "b"}}}};
}

Json partition_fields() {
  return {
      {"name", zone_name()},
      {"shape", word_of(shape_names(),
                        "which links it cuts: `from-to` those between `from` and "
                        "`to`, the others those of `zones`")},
      {"zones", zone_list("of every shape but from-to")},
      {"from", zone_list("zones, or `none`: what is in no zone")},
      {"to", zone_list("the same, or `*`: everything that is not in `from`")},
      {"direction", word_of(direction_names(), "which packets: both ways, or one")},
      {"mode", word_of(partition_mode_names(), "what happens between them")},
      {"attributes",
       {{"type", "object"},
        {"description", "of the modes slow and lossy: those of latency and of packet_loss"}}},
      {"connections", share("the share of them that it is for, drawn once for each")},
      {"scope",
       word_of({"both", "new", "open"}, "connections made since it was, those open then, or both")},
      {"heal", word_of({"resume", "reset"}, "what becomes of its connections when it ends")},
      {"flap", turns("by turns in force and not", true)},
      {"shadow",
       {{"type", "boolean"}, {"description", "it matches, draws and counts, and does nothing"}}},
      {"limits", limits_schema()},
      {"ttl",
       {{"type", "string"},
        {"description",
         "when it heals by itself, from now; `none` where the server allows "
         "it"},
        {"examples", {"10m", "none"}}}},
      {"ends_at", text("when it heals by itself; what is sent is ignored")},
      {"lease", text("the id of the lease that it ends with")},
      {"owner", {{"type", "string"}, {"maxLength", 1000}, {"description", "who answers for it"}}},
      {"reason", {{"type", "string"}, {"maxLength", 1000}, {"description", "what it is for"}}},
      {"links",
       {{"type", "array"},
        {"items", Json::object()},
        {"description", "the directed links that it is about; what is sent is ignored"}}},
      {"engine",
       text("kernel, user-space, model or mixed, none on no proxy; what is sent is ignored")},
      {"engines",
       {{"type", "array"},
        {"items", Json::object()},
        {"description", "the same of each proxy; what is sent is ignored"}}}};
}

Json text_or_null(const std::string& description) {
  return {{"type", {"string", "null"}}, {"description", description}};
}

Json probe_schema() {
  return map_of(
      {{"client", text("the zone of who dials")},
       {"destination", text("the zone of who is dialled")},
       {"proxy", text_or_null("through which; null if through none")},
       {"from", text_or_null("the address that it dials from")},
       {"outcome",
        word_of(probe_outcome_names(),
                "what it saw: RST; nothing within two seconds; a connection, and then "
                "RST, FIN or nothing; the upstream. Or nobody has dialled, or it says nothing")},
       {"after_ms", {{"type", "number"}, {"description", "until it saw that"}}},
       {"kept_out",
        {{"type", {"boolean", "null"}},
         {"description",
          "whether it has not reached the upstream; null where that "
          "is not owed, or not known"}}},
       {"why", text_or_null("not-probed: the reason")}},
      {"client", "destination", "proxy", "from", "outcome", "after_ms", "kept_out", "why"});
}

Json recovery_schema() {
  const Json after = {{"type", {"number", "null"}},
                      {"description",
                       "since healing began; null: no byte yet, or not all was "
                       "cut, so that a byte says nothing"}};
  const Json link =
      map_of({{"from", text("")},
              {"to", text("")},
              {"kept_apart", count("connections between the two that were cut or refused")},
              {"first_byte_after_ms", after}},
             {"from", "to", "kept_apart", "first_byte_after_ms"});
  return map_of(
      {{"partition", text("")},
       {"healed_at", text("when it ended")},
       {"watched_ms", {{"type", "number"}, {"description", "for how long since"}}},
       {"state", word_of({"watching", "over"}, "whether it is still watched")},
       {"cut_all", {{"type", "boolean"}, {"description", "whether every connection had been cut"}}},
       {"first_byte_after_ms", after},
       {"links", list_of(link)},
       {"reconnects", count("connections dialled between the zones since, whose "
                            "upstream was reached")},
       {"reconnects_per_second", list_of(count("in that second"))}},
      {"partition", "healed_at", "watched_ms", "state", "cut_all", "first_byte_after_ms", "links",
       "reconnects", "reconnects_per_second"});
}

void add_partition_schemas(Json& schemas) {
  Json request = map_of(partition_fields());
  schemas["PartitionRequest"] = request;
  Json shown = partition_fields();
  const Json link = map_of({{"from", text("")}, {"to", text("")}}, {"from", "to"});
  const Json engine =
      map_of({{"proxy", text("")},
              {"open", text("what serves open connections")},
              {"new", text("what serves those who dial: kernel is the listening socket")}},
             {"proxy", "open", "new"});
  shown["links"] = list_of(link);
  shown["engines"] = list_of(engine);
  schemas["Partition"] = map_of(shown, {"name", "shape", "mode", "connections", "scope", "heal",
                                        "shadow", "ttl", "links", "engine", "engines"});
  schemas["PartitionList"] =
      map_of({{"partitions", list_of(schema_ref("Partition"))}}, {"partitions"});
  const Json pair = map_of({{"client", text("the zone of who dials")},
                            {"destination", text("the zone of who is dialled")},
                            {"matched", count("connections that it is for")},
                            {"cut", count("of these: open when it took hold of them")},
                            {"refused", count("of these: held, closed or reset as they came")},
                            {"applied", count("of these: it has done something to them")},
                            {"crossed_connections", count("that reached their upstream")},
                            {"crossed_bytes", count("written to the other side")}},
                           {"client", "destination", "matched", "cut", "refused", "applied",
                            "crossed_connections", "crossed_bytes"});
  schemas["PartitionEffect"] = map_of(
      {{"partition", text("")},
       {"since", text("when it began")},
       {"in_force_after_ms",
        {{"type", "number"}, {"description", "from the call to the last connection"}}},
       {"matched", count("connections that it is for, and packets that listening sockets dropped "
                         "of those who dial")},
       {"cut", count("")},
       {"refused", count("")},
       {"refused_uncounted",
        {{"type", "array"},
         {"items", {{"type", "string"}}},
         {"description",
          "proxies whose listening socket refuses who dials: the kernel answers, and counts "
          "nobody"}}},
       {"dropped_packets", count("by listening sockets that it acts on, those of others that act "
                                 "there counted in")},
       {"applied", count("")},
       {"crossed", count("connections and bytes that it should have kept apart: 0, or it failed")},
       {"crossed_connections", count("")},
       {"crossed_bytes", count("")},
       {"pairs", list_of(pair)},
       {"probes", list_of(probe_schema())}},
      {"partition", "since", "in_force_after_ms", "matched", "crossed", "pairs", "probes"});
  schemas["PartitionRecovery"] = recovery_schema();
}

}  // namespace

void add_zone_schemas(Json& schemas) {
  const Json proxies = {{"type", "array"},
                        {"items", {{"type", "string"}}},
                        {"description",
                         "whose clients or upstream are in it; what is sent is "
                         "ignored"}};
  const Json zone = map_of({{"name", zone_name()}, {"cidrs", cidrs()}, {"proxies", proxies}});
  schemas["ZoneRequest"] = zone;
  schemas["Zone"] = map_of(zone["properties"], {"name", "cidrs"});
  schemas["ZoneList"] = map_of({{"zones", list_of(schema_ref("Zone"))}}, {"zones"});
  schemas["ZoneListRequest"] = map_of(
      {{"zones",
        {{"description", "a map of them by name, as in a configuration file, or a list as shown"},
         {"anyOf",
          {{{"type", "object"}, {"additionalProperties", map_of({{"cidrs", cidrs()}})}},
           list_of(map_of(zone["properties"], {"name"}))}}}}},
      {"zones"});
  schemas["WhichZone"] =
      map_of({{"address", text("")},
              {"zone", text("`none` is no zone")},
              {"cidr", {{"type", {"string", "null"}}, {"description", "by which it is in it"}}},
              {"proxies", proxies}},
             {"address", "zone", "cidr", "proxies"});
  const Json cell =
      map_of({{"from", text("")},
              {"to", text("")},
              {"state", word_of({"ok", "suffers", "partial", "cut"}, "of what goes this way")},
              {"partitions", list_of(text(""))},
              {"connections", count("dialled this way, whose upstream was reached")},
              {"open", count("of these: live")},
              {"bytes", count("sent this way, whoever dialled")},
              {"cut", count("connections dialled this way, that partitions are or were on")},
              {"crossed_connections", count("")},
              {"crossed_bytes", count("")}},
             {"from", "to", "state", "partitions", "connections", "open", "bytes", "cut",
              "crossed_connections", "crossed_bytes"});
  schemas["Matrix"] =
      map_of({{"zones", list_of(text(""))}, {"cells", list_of(cell)}}, {"zones", "cells"});
  add_partition_schemas(schemas);
}

}  // namespace faultline
