// Documents of timelines, and what is due when: with made-up times.

#include "control-api/timeline.h"

#include <catch2/catch.hpp>
#include <string>

#include "control-api/timeline_decoder.h"
#include "control-api/timeline_presets.h"
#include "proxy/yaml_document.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;

Result<Timeline> read(const std::string& yaml, const TimelineValues& values = {},
                      double speed = 1) {
  auto document = parse_yaml(yaml, {});
  REQUIRE(document);
  return decode_timeline(*document, values, speed);
}

Timeline timeline(const std::string& yaml, const TimelineValues& values = {}, double speed = 1) {
  auto read_one = read(yaml, values, speed);
  INFO((read_one ? "" : read_one.error().message));
  REQUIRE(read_one);
  return *std::move(read_one);
}

std::string refusal(const std::string& yaml, const TimelineValues& values = {}) {
  const auto read_one = read(yaml, values);
  REQUIRE(!read_one);
  CHECK(read_one.error().kind == ErrorKind::kInvalid);
  return read_one.error().message;
}

/// "0s+a 5s-a": what is due by `elapsed`.
std::string due(TimelineProgress& progress, const Timeline& of, Duration elapsed) {
  std::string text;
  while (const auto move = progress.take_due(elapsed)) {
    text += (text.empty() ? "" : " ") + std::string(move->starts ? "+" : "-") +
            of.steps[move->step].name;
  }
  return text;
}

const std::string kLatency = "toxic: {proxy: p, type: latency}";

}  // namespace

TEST_CASE("steps follow one another, unless they say when or stand side by side", "[timeline]") {
  const Timeline read_one = timeline(
      "name: t\nsteps:\n"
      "  - {name: a, for: 10s, " +
      kLatency +
      "}\n"
      "  - {wait: 5s}\n"
      "  - parallel:\n"
      "      - {name: b, for: 1s, " +
      kLatency +
      "}\n"
      "      - {name: c, for: 4s, " +
      kLatency +
      "}\n"
      "      - parallel: [{name: d, for: 2s, " +
      kLatency +
      "}]\n"
      "  - {name: e, for: 1s, " +
      kLatency +
      "}\n"
      "  - {name: f, at: 2s, for: 30s, " +
      kLatency +
      "}\n"
      "  - {name: g, for: 1s, " +
      kLatency + "}\n");
  const auto is = [&](std::size_t index, const std::string& name, Duration start, Duration end) {
    const TimelineStep& step = read_one.steps.at(index);
    INFO(name);
    CHECK(step.name == name);
    CHECK(step.start == start);
    CHECK(step.end == end);
  };
  is(0, "a", 0s, 10s);
  is(1, "wait", 10s, 15s);
  is(2, "b", 15s, 16s);
  is(3, "c", 15s, 19s);
  is(4, "d", 15s, 17s);
  is(5, "e", 19s, 20s);
  is(6, "f", 2s, 32s);
  is(7, "g", 32s, 33s);
  CHECK(read_one.length == 33s);
}

TEST_CASE("speed divides every time of a timeline, to 1 ms at the least", "[timeline]") {
  const Timeline fast =
      timeline("steps: [{for: 30m, " + kLatency + "}, {wait: 6ms}, {at: 1h, wait: 1m}]", {}, 60);
  CHECK(fast.steps[0].end == 30s);
  CHECK(fast.steps[1].start == 30s);
  CHECK(fast.steps[1].end == 30s + 1ms);
  CHECK(fast.steps[2].start == 60s);
  CHECK(fast.length == 61s);
  CHECK(parse_speed("60x").value_or(0) == 60);
  CHECK(parse_speed("0.5x").value_or(0) == 0.5);
  for (const std::string wrong : {"", "x", "60", "0x", "-1x", "60xx", "nanx", "1e9x"}) {
    INFO(wrong);
    CHECK(!parse_speed(wrong));
  }
}

TEST_CASE("a placeholder stands for what is given, or for its default", "[timeline]") {
  const std::string yaml =
      "steps: [{for: '${for:-5m}', partition: {shape: isolate, zones: ['${zone}', c], mode: "
      "blackhole}}]";
  const Timeline one = timeline(yaml, {{"zone", "b"}});
  CHECK(one.steps[0].partition->shape.zones == std::vector<std::string>{"b", "c"});
  CHECK(one.length == 5min);
  const Timeline two =
      timeline(yaml, {{"zone", std::vector<std::string>{"a", "b"}}, {"for", "1s"}});
  CHECK(two.steps[0].partition->shape.zones == std::vector<std::string>{"a", "b", "c"});
  CHECK(two.length == 1s);
  CHECK(refusal(yaml).find("${zone} is not given: say `zone` (--zone)") != std::string::npos);
  CHECK(refusal(yaml, {{"zone", "b"}, {"fro", "1s"}}) ==
        "the timeline has no ${fro}; did you mean `for`?");
  CHECK(refusal("steps: [{wait: '1${unit}'}]", {{"unit", std::vector<std::string>{"s", "m"}}})
            .find("cannot be part of a text") != std::string::npos);
  CHECK(refusal("steps: [{wait: '${1s'}]").find("without a `}`") != std::string::npos);
  std::string much = "steps: [{wait: 1s, name: '";
  for (int i = 0; i < 1000; ++i) much += "${x}";
  CHECK(refusal(much + "'}]", {{"x", std::string(2000, 'x')}}).find("1 MiB") != std::string::npos);
}

TEST_CASE("what is wrong with a timeline is said with its step and its place", "[timeline]") {
  const auto refused = [](const std::string& steps, const std::string& what) {
    const std::string message = refusal("steps:\n" + steps);
    INFO(message << "\nis not\n" << what);
    CHECK(message.find(what) != std::string::npos);
  };
  refused("  - {name: x, for: 1m, partition: {shape: isolate, zones: [b], mode: blakhole}}",
          "2:64: step `x`: mode must be");
  refused("  - {name: x, for: 1m, toxic: {type: latency}}",
          "step `x`: missing required field: proxy");
  refused("  - {for: 1m, toxic: {proxy: p, type: latancy}}", "step 1: ");
  refused("  - {for: 1m, toxic: {proxy: p, type: noop, ttl: 1s}}", "said by its step's `for`");
  refused("  - {for: 1m, toxic: {proxy: p, type: noop, owner: me}}", "said for the whole run");
  refused("  - {for: 1m}", "neither a partition nor a toxic");
  refused("  - {wait: 1m, for: 1m}", "for does not go with wait");
  refused("  - {wait: 1m, parallel: []}", "does not go with");
  refused("  - {toxic: {proxy: p, type: noop}}", "missing required field: for");
  refused("  - {wait: 25h}", "at most 24h");
  refused("  - {wait: 13h}\n  - {wait: 13h}", "3:5: step 2: it ends later than 24h");
  refused("  - {wait: 10}", "wait must be a time like");
  refused("  - {wait: 0s}", "at least 1ms");
  refused("  - {wiat: 1s}", "did you mean `wait`?");
  refused("  - {parallel: [{parallel: [{parallel: [{parallel: [{wait: 1s}]}]}]}]}",
          "at most 3 deep");
  refused("  []", "a timeline needs a step");
  std::string many;
  for (int i = 0; i <= 100; ++i) many += "  - {wait: 1s}\n";
  refused(many, "at most 100 steps");
}

TEST_CASE("steps of one name have faults of different names", "[timeline]") {
  const Timeline read_one = timeline(
      "steps: [{name: Hosts return!, wait: 1s}, {name: hosts-return, wait: 1s}, {wait: 1s}, "
      "{name: '!', wait: 1s}]");
  CHECK(read_one.steps[0].slug == "hosts-return");
  CHECK(read_one.steps[1].slug == "hosts-return-2");
  CHECK(read_one.steps[2].slug == "wait");
  CHECK(read_one.steps[3].slug == "step");
}

TEST_CASE("a step begins before the one that ends then, and late calls miss nothing",
          "[timeline]") {
  const Timeline of =
      timeline("steps: [{name: a, wait: 10s}, {name: b, wait: 5s}, {name: c, at: 12s, wait: 1s}]");
  TimelineProgress progress(of);
  CHECK(progress.next() == Duration(0));
  CHECK(due(progress, of, 0s) == "+a");
  CHECK(due(progress, of, 9s) == "");
  CHECK(progress.next() == Duration(10s));
  CHECK(due(progress, of, 10s) == "+b -a");
  CHECK(due(progress, of, 20s) == "+c -c -b");
  CHECK(!progress.next());
  CHECK(due(progress, of, 24h) == "");
}

TEST_CASE("every preset is a timeline once its placeholders are given", "[timeline]") {
  CHECK(timeline_presets().size() == 6);
  for (const TimelinePreset& preset : timeline_presets()) {
    INFO(preset.name);
    const Document document = document_of(preset);
    TimelineValues values;
    for (const auto& [name, given] : placeholders_in(document).value_or(TimelinePlaceholders())) {
      if (!given) values[name] = "b";
    }
    CHECK(!values.empty());
    const auto read_one = decode_timeline(document, values, 1);
    INFO((read_one ? "" : read_one.error().message));
    REQUIRE(read_one);
    CHECK(read_one->name == preset.name);
    CHECK(read_one->summary == preset.summary);
  }
  const auto loss =
      decode_timeline(document_of(*find_timeline_preset("cross-az-loss")), {{"zone", "b"}}, 1);
  REQUIRE(loss);
  CHECK(in_words(loss->steps[0]) ==
        "the way from zone b to everything else is lossy: packets are lost (loss 15%)");
  CHECK(loss->length == 30min);
}

}  // namespace faultline
