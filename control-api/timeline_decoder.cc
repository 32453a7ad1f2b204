#include "control-api/timeline_decoder.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

#include "base/nearest_name.h"
#include "base/quantities.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"
#include "proxy/partition_decoder.h"

namespace faultline {

namespace {

constexpr Dialect kDialect = Dialect::kV1;
constexpr std::size_t kMostName = 63;
constexpr std::size_t kMostSlug = 24;

/// "LINE:COLUMN: step `dark`: what is wrong".
Fail in_step(const std::string& step, Error error) {
  const std::string& message = error.message;
  std::size_t at = message.find_first_not_of("0123456789:");
  const bool has_place = at != std::string::npos && at > 3 && message[at] == ' ' &&
                         std::isdigit(static_cast<unsigned char>(message.front())) != 0;
  at = has_place ? at + 1 : 0;
  error.message.insert(at, "step " + step + ": ");
  return Fail(std::move(error));
}

/// What ends a fault's name: letters and digits, and between them "-".
std::string slug_of(const std::string& name) {
  std::string slug;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      slug += static_cast<char>(std::tolower(byte));
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  slug = slug.substr(0, kMostSlug);
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "step" : slug;
}

Result<std::optional<Duration>> time_at(const Fields& fields, const std::string& key) {
  const Document* value = fields.find(key);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->as<std::string>();
  const auto time = text == nullptr ? fail(ErrorKind::kInvalid, "it is " + describe(*value))
                                    : parse_duration(*text);
  if (!time) return wrong(*value, key + " must be a time like \"10m\": " + time.error().message);
  if (*time > TimelineLimits::kLongest) {
    return wrong(*value, key + " must be at most " + duration_text(TimelineLimits::kLongest));
  }
  const bool has_least = key != "at";
  if (has_least && *time < std::chrono::milliseconds(1)) {
    return wrong(*value, key + " must be at least 1ms");
  }
  return *time;
}

class Decoder {
 public:
  explicit Decoder(double speed) : speed_(speed) {}

  /// A list of steps: one after another, from `start` on. When the last ends.
  Result<Duration> decode_list(const Document& document, Duration start) {
    const auto* list = document.as<Document::Array>();
    if (list == nullptr) return wrong(document, "steps must be a list, not " + describe(document));
    if (list->empty()) return wrong(document, "a timeline needs a step");
    Duration end = start;
    Duration last = start;
    for (const Document& element : *list) {
      const auto ended = decode_step(element, end, 0);
      if (!ended) return ended;
      end = *ended;
      last = std::max(last, end);
    }
    return last;
  }

  std::vector<TimelineStep> take_steps() { return std::move(steps_); }

 private:
  /// How a step is called in errors, while it may have no name.
  std::string label(const Fields& fields) const {
    const Document* name = fields.find("name");
    const auto* text = name == nullptr ? nullptr : name->as<std::string>();
    return text == nullptr ? std::to_string(steps_.size() + 1) : "`" + *text + "`";
  }

  /// When it ends.
  Result<Duration> decode_step(const Document& document, Duration start, int depth) {
    const auto fields = Fields::of(document, kDialect, "a step",
                                   {"name", "at", "for", "wait", "parallel", "partition", "toxic"});
    if (!fields) return in_step(std::to_string(steps_.size() + 1), fields.error());
    const std::string called = label(*fields);
    const auto at = time_at(*fields, "at");
    if (!at) return in_step(called, at.error());
    if (*at) start = **at;
    if (auto one = is_one_thing(*fields, document); !one) return in_step(called, one.error());
    if (const Document* parallel = fields->find("parallel")) {
      return decode_parallel(*fields, *parallel, called, start, depth);
    }
    auto step = step_of(*fields, document, start);
    if (!step) return in_step(called, step.error());
    if (step->end > TimelineLimits::kLongest) {
      return in_step(
          called, wrong(document, "it ends later than " + duration_text(TimelineLimits::kLongest) +
                                      " after the start, which is the most")
                      .value());
    }
    if (steps_.size() == TimelineLimits::kMostSteps) {
      return wrong(document, "a timeline has at most " +
                                 std::to_string(TimelineLimits::kMostSteps) + " steps");
    }
    const Duration end = step->end;
    step->start = at_speed(step->start);
    step->end = std::max(at_speed(end), step->start + std::chrono::milliseconds(1));
    step->slug = free_slug(slug_of(step->name));
    steps_.push_back(*std::move(step));
    return end;
  }

  static Result<void> is_one_thing(const Fields& fields, const Document& document) {
    std::vector<std::string> things;
    for (const std::string thing : {"partition", "toxic", "wait", "parallel"}) {
      if (fields.find(thing) != nullptr) things.push_back(thing);
    }
    if (things.empty()) {
      return wrong(document, "it has neither a partition nor a toxic, nor wait, nor parallel");
    }
    if (things.size() > 1) {
      return wrong(*fields.find(things.back()),
                   things.back() + " does not go with " + things.front() +
                       ": a step is one thing, and `parallel` holds several");
    }
    const bool is_fault = things.front() == "partition" || things.front() == "toxic";
    const Document* length = fields.find("for");
    if (is_fault && length == nullptr) return wrong(document, "missing required field: for");
    if (!is_fault && length != nullptr) {
      return wrong(*length, "for does not go with " + things.front() + ", which says how long");
    }
    return {};
  }

  Result<Duration> decode_parallel(const Fields& fields, const Document& parallel,
                                   const std::string& called, Duration start, int depth) {
    const auto name = fields.text("name");
    if (!name) return in_step(called, name.error());
    const auto* list = parallel.as<Document::Array>();
    if (list == nullptr || list->empty()) {
      return in_step(called, wrong(parallel, "parallel must be a list of steps").value());
    }
    if (depth == TimelineLimits::kDeepest) {
      return in_step(called, wrong(parallel, "parallel is at most " +
                                                 std::to_string(TimelineLimits::kDeepest) + " deep")
                                 .value());
    }
    Duration last = start;
    for (const Document& element : *list) {
      const auto end = decode_step(element, start, depth + 1);
      if (!end) return end;
      last = std::max(last, *end);
    }
    return last;
  }

  Result<TimelineStep> step_of(const Fields& fields, const Document& document, Duration start) {
    TimelineStep step;
    const bool is_wait = fields.find("wait") != nullptr;
    const auto length = time_at(fields, is_wait ? "wait" : "for");
    if (!length) return Fail(length.error());
    if (!*length) return wrong(document, is_wait ? "wait has no value" : "for has no value");
    step.start = start;
    step.end = start + **length;
    step.pointer = document.pointer;
    step.length_pointer = fields.find(is_wait ? "wait" : "for")->pointer;
    const auto name = fields.text("name");
    if (!name) return Fail(name.error());
    Result<void> decoded;
    std::string preset = "wait";
    if (const Document* partition = fields.find("partition")) {
      decoded = decode_partition_of(*partition, step);
      if (decoded) preset = to_string(step.partition->mode);
    } else if (const Document* toxic = fields.find("toxic")) {
      decoded = decode_toxic_of(*toxic, step);
      if (decoded) preset = step.toxic->type->name;
    }
    if (!decoded) return Fail(decoded.error());
    step.name = name->value_or(preset);
    if (step.name.empty() || step.name.size() > kMostName) {
      return wrong(*fields.find("name"), "name must have 1 to 63 bytes");
    }
    return step;
  }

  /// What the run says for all faults a fault does not say itself.
  static Result<void> says_no_more(const Document::Object& fault) {
    for (const auto& [key, value] : fault) {
      if (key == "name") {
        return wrong(value, "name: a step's fault is named after the run and the step");
      }
      const auto& life = life_keys();
      if (std::find(life.begin(), life.end(), key) == life.end()) continue;
      return wrong(value, key == "ttl" || key == "ends_at"
                              ? key + ": how long a fault lasts is said by its step's `for`"
                              : key + " is said for the whole run");
    }
    return {};
  }

  static Result<void> decode_partition_of(const Document& document, TimelineStep& step) {
    if (const auto* map = document.as<Document::Object>()) {
      if (auto checked = says_no_more(*map); !checked) return checked;
    }
    auto partition = decode_partition(document, kDialect);
    if (!partition) return Fail(partition.error());
    step.partition = *std::move(partition);
    step.pointer = document.pointer;
    return {};
  }

  static Result<void> decode_toxic_of(const Document& document, TimelineStep& step) {
    const auto* map = document.as<Document::Object>();
    if (map == nullptr) return wrong(document, "toxic must be a map, not " + describe(document));
    if (auto checked = says_no_more(*map); !checked) return checked;
    Document without{{}, document.line, document.column, document.pointer};
    Document::Object rest;
    for (const auto& [key, value] : *map) {
      if (key != "proxy") {
        rest.emplace_back(key, value);
        continue;
      }
      const auto* proxy = value.as<std::string>();
      if (proxy == nullptr || proxy->empty()) {
        return wrong(value, "proxy must be the name of one, or a pattern such as \"cache-*\"");
      }
      step.proxy = *proxy;
    }
    if (step.proxy.empty()) return wrong(document, "missing required field: proxy");
    without.value = std::move(rest);
    auto toxic = decode_toxic(without, kDialect);
    if (!toxic) return Fail(toxic.error());
    step.toxic = *std::move(toxic);
    step.pointer = document.pointer;
    return {};
  }

  Duration at_speed(Duration time) const {
    return Duration(static_cast<std::int64_t>(static_cast<double>(time.count()) / speed_));
  }

  /// `slug`, or with a number behind it if another step has it.
  std::string free_slug(const std::string& slug) {
    std::string free = slug;
    for (int i = 2; !slugs_.insert(free).second; ++i) free = slug + "-" + std::to_string(i);
    return free;
  }

  const double speed_;
  std::vector<TimelineStep> steps_;
  std::set<std::string> slugs_;
};

/// Each value that is given is a placeholder of the document.
Result<void> check_values(const Document& document, const TimelineValues& values) {
  const auto placeholders = placeholders_in(document);
  if (!placeholders) return Fail(placeholders.error());
  std::vector<std::string> names;
  for (const auto& [name, preset] : *placeholders) names.push_back(name);
  for (const auto& [name, value] : values) {
    if (placeholders->count(name) > 0) continue;
    return fail(ErrorKind::kInvalid,
                "the timeline has no ${" + name + "}" + did_you_mean(name, names));
  }
  return {};
}

}  // namespace

Result<double> parse_speed(std::string_view text) {
  constexpr double kFastest = 1e6;
  constexpr double kSlowest = 1e-3;
  double speed = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, speed);
  const bool is_times = parsed.ec == std::errc() && parsed.ptr + 1 == end && *parsed.ptr == 'x';
  if (is_times && speed >= kSlowest && speed <= kFastest) return speed;
  return fail(ErrorKind::kInvalid, "speed must be like \"60x\", from 0.001x to 1000000x, not `" +
                                       std::string(text) + "`");
}

Result<Timeline> decode_timeline(const Document& document, const TimelineValues& values,
                                 double speed) {
  if (auto checked = check_values(document, values); !checked) return Fail(checked.error());
  const auto filled = with_values(document, values);
  if (!filled) return Fail(filled.error());
  const auto fields = Fields::of(*filled, kDialect, "a timeline", {"name", "summary", "steps"});
  if (!fields) return Fail(fields.error());
  Timeline timeline;
  const auto name = fields->text("name");
  if (!name) return Fail(name.error());
  timeline.name = name->value_or("timeline");
  if (const auto checked = check_zone_name(timeline.name); !checked) {
    return wrong(*fields->find("name"),
                 "name: a timeline is named as zones are: " + checked.error().message);
  }
  const auto summary = fields->text("summary");
  if (!summary) return Fail(summary.error());
  timeline.summary = summary->value_or("");
  const Document* steps = fields->find("steps");
  if (steps == nullptr) return wrong(*filled, "missing required field: steps");
  Decoder decoder(speed);
  const auto end = decoder.decode_list(*steps, Duration(0));
  if (!end) return Fail(end.error());
  timeline.steps = decoder.take_steps();
  for (const TimelineStep& step : timeline.steps) {
    timeline.length = std::max(timeline.length, step.end);
  }
  return timeline;
}

}  // namespace faultline
