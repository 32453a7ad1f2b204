#include "control-api/v1_run_schemas.h"

#include "control-api/runs.h"
#include "control-api/timeline_decoder.h"
#include "control-api/v1_schema_parts.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::string& description) {
  return {{"type", {"string", "null"}}, {"description", description}};
}

Json steps_of(const std::string& description) {
  return {{"type", "array"},
          {"items", schema_ref("TimelineStep")},
          {"minItems", 1},
          {"maxItems", TimelineLimits::kMostSteps},
          {"description", description}};
}

Json with_schema() {
  return {
      {"type", "object"},
      {"additionalProperties", {{"anyOf", {{{"type", "string"}}, list_of({{"type", "string"}})}}}},
      {"description", "what the placeholders ${name} of the timeline stand for"},
      {"examples", {{{"proxy", "cache-*"}}}}};
}

void add_timeline_schemas(Json& schemas) {
  schemas["TimelineStep"] = map_of(
      {{"name", {{"type", "string"}, {"minLength", 1}, {"maxLength", 63}}},
       {"at", duration("from the start of the run; else when the step before ends")},
       {"for", duration("how long its fault is held")},
       {"wait", duration("in place of a fault: nothing is done so long")},
       {"parallel", steps_of("in place of a fault: steps side by side; the longest counts")},
       {"partition", schema_ref("PartitionRequest")},
       {"toxic",
        {{"type", "object"},
         {"properties", {{"proxy", text("the name of a proxy, or a pattern of several: cache-*")}}},
         {"required", {"proxy"}},
         {"description", "a ToxicRequest, and the proxy that it is put on"}}}});
  schemas["TimelineDocument"] =
      map_of({{"name", {{"type", "string"}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"}}},
              {"summary", text("")},
              {"steps", steps_of("one after another, but for those that say `at`")}},
             {"steps"});
  const Json listed = {
      {"name", text("")},
      {"summary", text("")},
      {"length", or_null("of all its steps, with its defaults")},
      {"needs", list_of(text("a placeholder that must be given"))},
      {"defaults",
       {{"type", "object"}, {"description", "placeholders that may be given, and what they are"}}}};
  const Json required = {"name", "summary", "length", "needs", "defaults"};
  schemas["TimelineList"] =
      map_of({{"timelines", list_of(map_of(listed, required))}}, {"timelines"});
  Json shown = listed;
  shown["timeline"] = {{"type", "object"}, {"description", "its document, as a request takes it"}};
  Json all = required;
  all.push_back("timeline");
  schemas["Timeline"] = map_of(shown, all);
}

Json step_schema() {
  return map_of({{"number", {{"type", "integer"}, {"minimum", 1}}},
                 {"name", text("")},
                 {"does", text("its fault in words")},
                 {"starts", text("from the start of the run")},
                 {"ends", text("the same")},
                 {"state", word_of({"waiting", "under_way", "ended", "never"},
                                   "never: the run ended before")},
                 {"fault", or_null("what its partition or toxic is called; null: it has none")},
                 {"started_at", or_null("when it really was begun")},
                 {"ended_at", or_null("when it really was ended")},
                 {"effect",
                  {{"type", {"object", "null"}},
                   {"description",
                    "of a partition as in PartitionEffect, of a toxic {matched, applied, proxies}; "
                    "so far, or "
                    "at its end. null: another has ended it"}}}},
                {"number", "name", "does", "starts", "ends", "state", "fault", "started_at",
                 "ended_at", "effect"});
}

}  // namespace

void add_run_schemas(Json& schemas) {
  add_timeline_schemas(schemas);
  const Json who = {{"type", "string"}, {"maxLength", 1000}};
  schemas["RunRequest"] =
      map_of({{"preset", text("one of /v1/timelines")},
              {"timeline", schema_ref("TimelineDocument")},
              {"zone", text("what ${zone} stands for: the same as in `with`")},
              {"with", with_schema()},
              {"speed",
               {{"type", "string"},
                {"pattern", R"(^[0-9]+(\.[0-9]+)?x$)"},
                {"description", "what every `at`, `for` and `wait` is divided by"},
                {"examples", {"60x"}}}},
              {"owner", who},
              {"reason", who},
              {"lease", text("the id of the lease that it ends with")}});
  std::vector<std::string> states = run_state_names();
  states.insert(states.begin(), "planned");
  Json verdict = word_of(run_verdict_names(), "what it means; null until it has ended");
  verdict["type"] = {"string", "null"};
  verdict["enum"].push_back(nullptr);
  schemas["Run"] = map_of({{"id", or_null("null of a dry run")},
                           {"timeline", text("its name")},
                           {"summary", text("")},
                           {"state", word_of(states, "planned: of a dry run")},
                           {"verdict", verdict},
                           {"why", or_null("it ended early")},
                           {"owner", who},
                           {"reason", who},
                           {"lease", or_null("that it ends with")},
                           {"speed", text("")},
                           {"with", with_schema()},
                           {"length", text("of all its steps, at its speed")},
                           {"time_left", text("")},
                           {"started_at", or_null("")},
                           {"ended_at", or_null("")},
                           {"under_way", list_of(text("the name of a step"))},
                           {"steps", list_of(step_schema())}},
                          {"id", "timeline", "state", "verdict", "why", "speed", "with", "length",
                           "time_left", "started_at", "ended_at", "under_way", "steps"});
  schemas["RunList"] = map_of({{"runs", list_of(schema_ref("Run"))}}, {"runs"});
}

}  // namespace faultline
