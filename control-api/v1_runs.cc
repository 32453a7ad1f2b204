// The operations of /v1 on timelines and their runs.

#include <utility>

#include "base/quantities.h"
#include "control-api/run_json.h"
#include "control-api/timeline_decoder.h"
#include "control-api/timeline_presets.h"
#include "control-api/v1_document.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/alarm_clock.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json preset_view(const TimelinePreset& preset) {
  const Document document = document_of(preset);
  Json needs = Json::array();
  Json defaults = Json::object();
  TimelineValues values;
  for (const auto& [name, given] : placeholders_in(document).value_or(TimelinePlaceholders())) {
    if (given) {
      defaults[name] = *given;
    } else {
      needs.push_back(name);
      values[name] = name;  // Any will do: how long it takes is asked for.
    }
  }
  const auto timeline = decode_timeline(document, values, 1);
  return {{"name", preset.name},
          {"summary", preset.summary},
          {"length", timeline ? Json(duration_text(timeline->length)) : Json(nullptr)},
          {"needs", needs},
          {"defaults", defaults}};
}

// ---- What is asked for -------------------------------------------------------

/// What stands for the placeholders: texts, or lists of them.
struct GivenValues {
  TimelineValues values;
  std::map<std::string, std::string> pointers;  ///< Where each stands in the request.
};

Result<GivenValues> values_from(const Fields& fields) {
  GivenValues given;
  TimelineValues& values = given.values;
  if (const Document* with = fields.find("with")) {
    const auto* map = with->as<Document::Object>();
    if (map == nullptr) return wrong(*with, "with must be a map, not " + describe(*with));
    for (const auto& [name, value] : *map) {
      given.pointers[name] = value.pointer;
      if (const auto* text = value.as<std::string>()) {
        values[name] = *text;
        continue;
      }
      const auto* list = value.as<Document::Array>();
      std::vector<std::string> texts;
      for (const Document& element : list == nullptr ? Document::Array() : *list) {
        if (const auto* text = element.as<std::string>()) texts.push_back(*text);
      }
      if (list == nullptr || list->empty() || texts.size() != list->size()) {
        return wrong(value, "with: " + name + " must be a text or a list of texts");
      }
      values[name] = std::move(texts);
    }
  }
  const auto zone = fields.text("zone");
  if (!zone) return Fail(zone.error());
  if (!*zone) return given;
  given.pointers["zone"] = fields.find("zone")->pointer;
  if (!values.emplace("zone", **zone).second) {
    return wrong(*fields.find("zone"), "zone stands in `with`, too: say it once");
  }
  return given;
}

/// A preset stands in no request: what is wrong with it is wrong with the value that was filled in
/// there, or with what it needs, or with `preset`.
void give_places(Document& document, const GivenValues& given, const std::string& preset) {
  document.pointer = preset;
  if (auto* list = std::get_if<Document::Array>(&document.value)) {
    for (Document& element : *list) give_places(element, given, preset);
  } else if (auto* map = std::get_if<Document::Object>(&document.value)) {
    for (auto& [key, value] : *map) give_places(value, given, preset);
  } else if (const auto placeholders = placeholders_in(document)) {
    for (const auto& [name, usual] : *placeholders) {
      const auto found = given.pointers.find(name);
      if (found != given.pointers.end()) document.pointer = found->second;
    }
  }
}

/// The document that is to be played: its own, or a preset's.
Result<Document> document_from(const Fields& fields, const Document& body,
                               const GivenValues& given) {
  const Document* timeline = fields.find("timeline");
  const auto preset = fields.text("preset");
  if (!preset) return Fail(preset.error());
  if (*preset && timeline != nullptr) {
    return wrong(*timeline, "timeline does not go with preset: give one of them");
  }
  if (timeline != nullptr) return *timeline;
  if (!*preset) {
    return wrong(body, "missing required field: preset, the name of one, or timeline, a document");
  }
  if (const TimelinePreset* found = find_timeline_preset(**preset)) {
    Document document = document_of(*found);
    const auto placeholders = placeholders_in(document).value_or(TimelinePlaceholders());
    std::string pointer = fields.find("preset")->pointer;
    for (const auto& [name, usual] : placeholders) {
      if (!usual && given.pointers.count(name) > 0) pointer = given.pointers.at(name);
    }
    give_places(document, given, pointer);
    return document;
  }
  return wrong(*fields.find("preset"), no_such_preset(**preset).value().message);
}

Result<Run> run_from(const V1Call& call, TimePoint now) {
  const auto fields =
      Fields::of(call.body, Dialect::kV1, "a run",
                 {"preset", "timeline", "zone", "with", "speed", "owner", "reason", "lease"});
  if (!fields) return Fail(fields.error());
  Run run;
  auto life = decode_life(*fields, Dialect::kV1);
  if (!life) return Fail(life.error());
  run.owner = std::move(life->owner);
  run.reason = std::move(life->reason);
  run.lease = std::move(life->lease);
  if (!run.lease.empty() && call.state.leases.find(run.lease, now) == nullptr) {
    return wrong(*fields->find("lease"),
                 "there is no lease `" + run.lease + "`: it may have ended");
  }
  const auto speed_text = fields->text("speed");
  if (!speed_text) return Fail(speed_text.error());
  run.speed = speed_text->value_or("1x");
  const auto speed = parse_speed(run.speed);
  if (!speed) return wrong(*fields->find("speed"), speed.error().message);
  const auto given = values_from(*fields);
  if (!given) return Fail(given.error());
  run.values = given->values;
  const auto document = document_from(*fields, call.body, *given);
  if (!document) return Fail(document.error());
  auto timeline = decode_timeline(*document, run.values, *speed);
  if (!timeline) {
    Error error = timeline.error();
    const auto placeholders = placeholders_in(*document).value_or(TimelinePlaceholders());
    for (const auto& [name, pointer] : given->pointers) {
      if (error.pointer.empty() && placeholders.count(name) == 0) error.pointer = pointer;
    }
    return Fail(std::move(error));
  }
  run.timeline = *std::move(timeline);
  return run;
}

/// What is shown of the run in the path.
Result<std::string> run_of(const V1Call& call, TimePoint now) {
  const std::string& id = call.captured.at(0);
  if (auto json = call.state.runs.json_of(id, now)) return *std::move(json);
  std::vector<std::string> ids;
  for (const KnownRun& run : call.state.runs.runs().all()) ids.push_back(run.id);
  return no_such("run", id, ids);
}

}  // namespace

Result<HttpResponse> v1_list_timelines(const V1Call& /*call*/) {
  Json list = Json::array();
  for (const TimelinePreset& preset : timeline_presets()) list.push_back(preset_view(preset));
  return v1_json(200, {{"timelines", list}});
}

Result<HttpResponse> v1_get_timeline(const V1Call& call) {
  const TimelinePreset* preset = find_timeline_preset(call.captured.at(0));
  if (preset == nullptr) return no_such_preset(call.captured.at(0));
  Json view = preset_view(*preset);
  view["timeline"] = json_of(document_of(*preset));
  return v1_json(200, view);
}

Result<HttpResponse> v1_list_runs(const V1Call& call) {
  const TimePoint now = clock_now();
  std::string list;
  for (const KnownRun& run : call.state.runs.runs().all()) {
    list += (list.empty() ? "" : ",") + *call.state.runs.json_of(run.id, now);
  }
  return v1_json_text(200, R"({"runs":[)" + list + "]}");
}

Result<HttpResponse> v1_create_run(const V1Call& call) {
  const TimePoint now = clock_now();
  RunEngine& engine = call.state.runs;
  auto run = run_from(call, now);
  if (!run) return Fail(run.error());
  if (auto checked = engine.check(run->timeline, call.settings.max_ttl); !checked) {
    return Fail(checked.error());
  }
  if (call.attempt == Registry::Attempt::kTry) {
    run->steps.assign(run->timeline.steps.size(), {});
    return v1_json_text(201, run_json(*run, now));
  }
  const auto started =
      engine.start(*std::move(run), {.by = "v1", .request_id = call.request_id}, now);
  if (!started) return Fail(started.error());
  HttpResponse response = v1_json_text(201, engine.json_of(*started, now).value_or("null"));
  response.headers.emplace_back("Location", "/v1/runs/" + *started);
  return response;
}

Result<HttpResponse> v1_get_run(const V1Call& call) {
  const auto run = run_of(call, clock_now());
  if (!run) return Fail(run.error());
  return v1_json_text(200, *run);
}

Result<HttpResponse> v1_abort_run(const V1Call& call) {
  const TimePoint now = clock_now();
  if (call.attempt == Registry::Attempt::kApply) {
    call.state.runs.end(call.captured.at(0), RunState::kAborted, "it was aborted",
                        {.by = "v1", .request_id = call.request_id}, now);
  }
  const auto run = run_of(call, now);
  if (!run) return Fail(run.error());
  return v1_json_text(200, *run);
}

}  // namespace faultline
