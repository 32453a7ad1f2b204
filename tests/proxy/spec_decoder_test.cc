#include "proxy/spec_decoder.h"

#include <catch2/catch.hpp>
#include <cfloat>
#include <cmath>
#include <limits>
#include <string>

#include "proxy/yaml_document.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

constexpr Dialect kLoose = Dialect::kToxiproxy;
constexpr Dialect kStrict = Dialect::kStrict;

void forget_places(Document& document) {
  document.line = document.column = 0;
  if (auto* list = std::get_if<Document::Array>(&document.value)) {
    for (Document& element : *list) forget_places(element);
  } else if (auto* map = std::get_if<Document::Object>(&document.value)) {
    for (auto& entry : *map) forget_places(entry.second);
  }
}

Document with_places(const std::string& text) {
  const auto document = parse_yaml(text, [](const std::string&) { return std::nullopt; });
  INFO(text);
  REQUIRE(document);
  return *document;
}

/// As the JSON reader makes them: no lines, no columns.
Document plain(const std::string& text) {
  Document document = with_places(text);
  forget_places(document);
  return document;
}

template <class Value>
std::string error_of(const Result<Value>& result) {
  if (result) return "no error";
  CHECK(result.error().kind == ErrorKind::kInvalid);
  return result.error().message;
}

ToxicSpec toxic(const std::string& text) {
  const auto spec = decode_toxic(plain(text), kLoose);
  INFO(text << ": " << (spec ? "" : spec.error().message));
  REQUIRE(spec);
  return *spec;
}

std::string toxic_error(const std::string& text) {
  return error_of(decode_toxic(plain(text), kLoose));
}

std::string strict_error(const std::string& text) {
  return error_of(decode_proxy(with_places(text), kStrict));
}

Document number(double value) {
  return Document{.value = value};
}

Document toxic_with(const std::string& key, Document value) {
  return Document{.value = Document::Object{{"type", Document{.value = std::string("latency")}},
                                            {key, std::move(value)}}};
}

TEST_CASE("a proxy has Toxiproxy's defaults", "[spec_decoder]") {
  const auto proxy = decode_proxy(plain("{name: a, upstream: 'b:1'}"), kLoose);
  REQUIRE(proxy);
  CHECK(proxy->name == "a");
  CHECK(proxy->listen.empty());
  CHECK(proxy->upstream == "b:1");
  CHECK(proxy->enabled);
  CHECK(proxy->toxics.empty());
}

TEST_CASE("name is missed before upstream, and empty is missing", "[spec_decoder]") {
  CHECK(error_of(decode_proxy(plain("{}"), kLoose)) == "missing required field: name");
  CHECK(error_of(decode_proxy(plain("null"), kLoose)) == "missing required field: name");
  CHECK(error_of(decode_proxy(plain("{name: '', upstream: x}"), kLoose)) ==
        "missing required field: name");
  CHECK(error_of(decode_proxy(plain("{name: a}"), kLoose)) == "missing required field: upstream");
}

TEST_CASE("keys match in any letter case, the last wins, null is absent", "[spec_decoder]") {
  const auto text = [](const char* value) { return Document{.value = std::string(value)}; };
  const Document document{.value = Document::Object{{"NAME", text("first")},
                                                    {"Name", text("last")},
                                                    {"name", Document{}},
                                                    {"UpStream", text("b:1")},
                                                    {"listen", Document{}},
                                                    {"Enabled", Document{.value = false}},
                                                    {"logger", text("ignored")}}};
  const auto proxy = decode_proxy(document, kLoose);
  REQUIRE(proxy);
  CHECK(proxy->name == "last");
  CHECK(proxy->upstream == "b:1");
  CHECK(proxy->listen.empty());
  CHECK_FALSE(proxy->enabled);

  const ToxicSpec spec = toxic("{TYPE: latency, ATTRIBUTES: {LaTency: 5}, Toxicity: 0.5}");
  CHECK(spec.attributes == attributes_of("latency", {5, 0}));
  CHECK(spec.toxicity == 0.5F);
}

TEST_CASE("wrong types are a bad request body", "[spec_decoder]") {
  CHECK(error_of(decode_proxy(plain("[]"), kLoose)) ==
        "bad request body: a proxy must be a map, not a list");
  CHECK(error_of(decode_proxy(plain("{name: 5, upstream: x}"), kLoose)) ==
        "bad request body: name must be a string, not the number 5");
  CHECK(error_of(decode_proxy(plain("{name: a, upstream: x, enabled: 1}"), kLoose)) ==
        "bad request body: enabled must be true or false, not the number 1");
  CHECK(error_of(decode_proxies(plain("{}"), kLoose)) ==
        "bad request body: proxies must be a list, not a map");
  CHECK(toxic_error("{type: latency, toxicity: '1'}") ==
        "bad request body: toxicity must be a number, not a string");
  CHECK(toxic_error("{type: latency, attributes: {latency: '1'}}") ==
        "bad request body: latency must be a whole number of ms, not a string");
  CHECK(toxic_error("{type: latency, attributes: {latency: 100.5}}") ==
        "bad request body: latency must be a whole number of ms, not the number 100.5");
  CHECK(toxic_error("{type: latency, attributes: 5}") ==
        "bad request body: attributes must be a map, not the number 5");
}

TEST_CASE("an attribute with choices is one of their names", "[spec_decoder]") {
  CHECK(toxic("{type: bandwidth}").attributes == Attributes{0, 0});
  CHECK(toxic("{type: bandwidth, attributes: {scope: proxy, rate: 5}}").attributes ==
        Attributes{5, 1});
  CHECK(toxic("{type: bandwidth, attributes: {SCOPE: connection}}").attributes == Attributes{0, 0});
  CHECK(toxic("{type: bandwidth, attributes: {scope: null}}").attributes == Attributes{0, 0});
  CHECK(toxic_error("{type: bandwidth, attributes: {scope: prox}}") ==
        "bad request body: scope must be `connection` or `proxy`, not `prox`; "
        "did you mean `proxy`?");
  CHECK(toxic_error("{type: bandwidth, attributes: {scope: 1}}") ==
        "bad request body: scope must be `connection` or `proxy`, not the number 1");
  CHECK(toxic_error("{type: bandwidth, attributes: {scope: ''}}") ==
        "bad request body: scope must be `connection` or `proxy`, not ``");

  const std::string in_file = "name: a\nupstream: x\ntoxics:\n  - type: bandwidth\n";
  CHECK(strict_error(in_file + "    attributes: {rate: 1, scope: Proxi}\n") ==
        "5:27: scope must be `connection` or `proxy`, not `Proxi`; did you mean `proxy`?");
  CHECK(strict_error(in_file + "    attributes: {scope: true}\n")
            .find("5:18: scope must be `connection` or `proxy`, not ") == 0);
  CHECK(decode_proxy(with_places(in_file + "    attributes: {scope: proxy}\n"), kStrict)
            ->toxics[0]
            .attributes == Attributes{0, 1});

  const auto change = decode_toxic_change(plain("{attributes: {scope: proxy}}"),
                                          toxic("{type: bandwidth}"), kLoose);
  REQUIRE(change);
  CHECK(change->attributes == std::map<int, AttributeValue>{{1, 1}});
}

TEST_CASE("F12: whole floats, an empty list of attributes, enabled as text", "[spec_decoder]") {
  CHECK(toxic("{type: latency, attributes: {latency: 100.0, jitter: 1e3}}").attributes ==
        attributes_of("latency", {100, 1000}));
  CHECK(toxic("{type: latency, attributes: []}").attributes == attributes_of("latency", {0, 0}));
  CHECK(toxic_error("{type: latency, attributes: [1]}").find("bad request body") == 0);
  const auto proxy = decode_proxy(plain("{name: a, upstream: x, enabled: 'False'}"), kLoose);
  REQUIRE(proxy);
  CHECK_FALSE(proxy->enabled);
}

TEST_CASE("whole numbers outside 64 bits, NaN and infinity are refused", "[spec_decoder]") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value :
       {0x1p63, -0x1p63, 1e30, -1e30, 0.5, kInfinity, -kInfinity, std::nan("")}) {
    INFO(value);
    const Document attributes{.value = Document::Object{{"latency", number(value)}}};
    CHECK_FALSE(decode_toxic(toxic_with("attributes", attributes), kLoose));
    CHECK_FALSE(decode_toxic(toxic_with("attributes", attributes), kStrict));
  }
  const Document largest{.value = Document::Object{{"latency", Document{.value = INT64_MAX}},
                                                   {"jitter", Document{.value = INT64_MIN}}}};
  const auto spec = decode_toxic(toxic_with("attributes", largest), kLoose);
  REQUIRE(spec);
  CHECK(spec->attributes == attributes_of("latency", {INT64_MAX, INT64_MIN}));
}

TEST_CASE("toxicity is any number that a float can hold", "[spec_decoder]") {
  for (const double value : {-1.0, 2.5, 80.0, 0.0, static_cast<double>(FLT_MAX)}) {
    const auto spec = decode_toxic(toxic_with("toxicity", number(value)), kLoose);
    REQUIRE(spec);
    CHECK(spec->toxicity == static_cast<float>(value));
  }
  for (const double value : {1e39, -1e39, std::nan(""), std::numeric_limits<double>::infinity()}) {
    INFO(value);
    const auto spec = decode_toxic(toxic_with("toxicity", number(value)), kLoose);
    CHECK(error_of(spec).find("bad request body: toxicity") == 0);
  }
  CHECK(toxic("{type: latency, toxicity: 80}").toxicity == 80.0F);
}

TEST_CASE("a toxic is named after its type and stream, spelt as sent", "[spec_decoder]") {
  CHECK(toxic("{type: latency}").name == "latency_downstream");
  CHECK(toxic("{type: latency, name: ''}").name == "latency_downstream");
  const ToxicSpec spec = toxic("{type: latency, stream: UpStream}");
  CHECK(spec.name == "latency_UpStream");
  CHECK(spec.stream_text == "UpStream");
  CHECK(spec.direction == Direction::kUpstream);
  CHECK(toxic("{type: latency, stream: null}").direction == Direction::kDownstream);
}

TEST_CASE("a toxic's stream is checked before its type, its type before its attributes",
          "[spec_decoder]") {
  const std::string bad_stream = "stream was invalid, can be either upstream or downstream";
  CHECK(toxic_error("{type: 5, stream: x}").find("bad request body") == 0);
  CHECK(toxic_error("{type: x, stream: sideways}") == bad_stream);
  CHECK(toxic_error("{type: latency, stream: ''}") == bad_stream);
  CHECK(toxic_error("{type: x, attributes: 5}") == "invalid toxic type");
  CHECK(toxic_error("{type: Latency}") == "invalid toxic type");
  CHECK(toxic_error("{}") == "invalid toxic type");
}

TEST_CASE("unknown keys and attributes are ignored for Toxiproxy's clients", "[spec_decoder]") {
  CHECK(toxic("{type: latency, direction: upstream, attributes: {rate: x}}").attributes ==
        attributes_of("latency", {0, 0}));
}

TEST_CASE("a proxy's toxics are decoded with it; two of one name are refused", "[spec_decoder]") {
  const auto proxy = decode_proxy(
      plain("{name: a, upstream: x, toxics: [{type: latency, attributes: {latency: 9}},"
            "{type: latency, stream: upstream}]}"),
      kLoose);
  REQUIRE(proxy);
  REQUIRE(proxy->toxics.size() == 2);
  CHECK(proxy->toxics[0].attributes == attributes_of("latency", {9, 0}));
  CHECK(proxy->toxics[1].name == "latency_upstream");
  CHECK(error_of(decode_proxy(plain("{name: a, upstream: x, toxics: [{type: noop}, {type: noop}]}"),
                              kLoose)) == "toxic `noop_downstream` is given twice");
  CHECK(error_of(decode_proxy(plain("{name: a, upstream: x, toxics: [{type: x}]}"), kLoose)) ==
        "toxic 1: invalid toxic type");
}

TEST_CASE("populate says which proxy is wrong, types of all first", "[spec_decoder]") {
  const auto error = [](const std::string& text) {
    return error_of(decode_proxies(plain(text), kLoose));
  };
  CHECK(error("[{name: a, upstream: x}, {upstream: x}]") ==
        "missing required field: name at proxy 2");
  CHECK(error("[{name: a}, {}]") == "missing required field: upstream at proxy 1");
  CHECK(error("[{}, {name: 5}]") ==
        "bad request body: name must be a string, not the number 5 at proxy 2");
  CHECK(decode_proxies(plain("null"), kLoose)->empty());
  CHECK(decode_proxies(plain("[]"), kLoose)->empty());
}

TEST_CASE("a change holds only what was sent", "[spec_decoder]") {
  auto change = decode_proxy_change(plain("{enabled: false, listen: null, name: x}"), kLoose);
  REQUIRE(change);
  CHECK(change->enabled == false);
  CHECK_FALSE(change->listen);
  CHECK_FALSE(change->upstream);
  change = decode_proxy_change(plain("{listen: '', upstream: u}"), kLoose);
  REQUIRE(change);
  CHECK(change->listen == "");
  CHECK(change->upstream == "u");
  CHECK_FALSE(change->enabled);
  CHECK(error_of(decode_proxy_change(plain("{name: 5}"), kLoose)).find("bad request body") == 0);

  const ToxicSpec latency = toxic("{type: latency}");
  const auto toxic_change = decode_toxic_change(
      plain("{attributes: {jitter: 7, other: 1}, stream: 5, type: []}"), latency, kLoose);
  REQUIRE(toxic_change);
  CHECK(toxic_change->attributes == std::map<int, AttributeValue>{{1, 7}});
  CHECK_FALSE(toxic_change->toxicity);
  CHECK(
      error_of(decode_toxic_change(plain("{attributes: {latency: 7, jitter: q}}"), latency, kLoose))
          .find("bad request body: jitter") == 0);
}

TEST_CASE("what a ramp comes to is checked with the other attributes", "[spec_decoder]") {
  const auto ramp = [](const std::string& attributes, const std::string& values) {
    return "{type: latency, attributes: {" + attributes + "}, ramp: {over: 10s, " + values + "}}";
  };
  CHECK(toxic_error(ramp("latency: 10, distribution: pareto, max: 100", "from: 10, to: 200")) ==
        "ramp: to: max must be more than latency");
  CHECK(toxic_error(ramp("distribution: lognormal", "from: 0, to: 200")) ==
        "ramp: from: latency must be more than 0 where distribution is lognormal or pareto");
  CHECK(toxic_error(
            ramp("latency: 200, distribution: pareto", "attribute: max, from: 0, to: 1000")) ==
        "ramp: at 10: max must be more than latency");
  CHECK(toxic_error("{type: packet_loss, attributes: {loss: 0.1}, "
                    "ramp: {attribute: p, from: 0, to: 0.1, over: 10s}}") ==
        "ramp: to: loss, p (bursts) and every exclude each other: give one");
  CHECK(toxic_error("{type: packet_loss, attributes: {loss: 0.1, engine: kernel}, "
                    "ramp: {attribute: rtt, from: 0, to: 80, over: 10s}}")
            .find("ramp: to: the kernel cannot do an rtt") == 0);
  const std::string place = "name: a\nupstream: x\ntoxics:\n  - type: latency\n";
  CHECK(strict_error(place + "    attributes: {distribution: pareto}\n"
                             "    ramp: {from: 0, to: 9, over: 1s}\n") ==
        "6:5: ramp: from: latency must be more than 0 where distribution is lognormal or pareto");

  // What is in the attribute that it moves does not matter.
  CHECK(toxic(ramp("distribution: lognormal", "from: 1, to: 200")).timing.ramp);
}

TEST_CASE("the strict dialect says where, and what was probably meant", "[spec_decoder]") {
  CHECK(strict_error("name: a\nupstream: x\nlisten_: y\n") ==
        "3:1: unknown key `listen_`; did you mean `listen`?");
  CHECK(strict_error("NAME: a\n").find("1:1: unknown key `NAME`") == 0);
  CHECK(strict_error("name: 12\nupstream: x\n") == "1:1: name must be a string, not the number 12");
  CHECK(strict_error("name: a\nupstream: x\nenabled: 'true'\n") ==
        "3:1: enabled must be true or false, not a string");
  const std::string toxics = "name: a\nupstream: x\ntoxics:\n  - ";
  CHECK(strict_error(toxics + "type: latancy\n") ==
        "4:5: invalid toxic type `latancy`; did you mean `latency`?");
  CHECK(strict_error(toxics + "name: x\n") == "4:5: missing required field: type");
  CHECK(strict_error(toxics + "type: noop\n    stream: upstraem\n") ==
        "5:5: stream was invalid, can be either upstream or downstream; did you mean `upstream`?");
  CHECK(strict_error(toxics + "type: latency\n    toxicity: 1.5\n") ==
        "5:5: toxicity must be from 0 to 1, not the number 1.5");
  CHECK(strict_error(toxics + "type: latency\n    toxicity: .nan\n")
            .find("5:5: toxicity must be from 0 to 1") == 0);
  CHECK(strict_error(toxics + "type: latency\n    attributes: {latency: -1}\n") ==
        "5:18: latency must be at least 0, not `-1`");
  CHECK(strict_error(toxics + "type: latency\n    attributes: {latencyy: 1}\n") ==
        "5:18: unknown key `latencyy`; did you mean `latency`?");
  CHECK(strict_error(toxics + "type: latency\n    attributes: []\n") ==
        "5:5: attributes must be a map, not a list");
  const auto both = decode_proxies(with_places("- {name: a, upstream: x}\n- {name: b}\n"), kStrict);
  CHECK(error_of(both) == "2:3: missing required field: upstream at proxy 2");
}

TEST_CASE("a number that six decimals do not hold is refused, not taken for 0", "[spec_decoder]") {
  const std::string least = "bad request body: rate must be 0 or at least 0.000001, not ";
  CHECK(toxic_error("{type: corrupt, attributes: {rate: 0.0000001}}").find(least) == 0);
  CHECK(toxic_error("{type: corrupt, attributes: {rate: 0.00001%}}") == least + "`0.00001%`");
  CHECK(toxic_error("{type: corrupt, ramp: {from: 0, to: 0.0000001, over: 1s}}") ==
        "bad request body: ramp.to must be 0 or at least 0.000001, not the number 1e-07");
  CHECK(toxic("{type: corrupt, attributes: {rate: 0.000001}}").attributes[0] == 1);
  CHECK(toxic("{type: corrupt, attributes: {rate: 0.0}}").attributes[0] == 0);
}

TEST_CASE("what attributes say together is refused by their own names", "[spec_decoder]") {
  CHECK(toxic_error("{type: packet_loss, attributes: {p: 0.1, r: -0.5}}") ==
        "r must be from 0 to 1, or -1 for 1 - p");
  CHECK(toxic("{type: packet_loss, attributes: {p: 0.1, r: -1}}").attributes[3] == -1'000'000);
  const std::pair<const char*, const char*> mains[] = {
      {"latency", "latency"}, {"connect_delay", "delay"}, {"slow_close", "delay"},
      {"timeout", "timeout"}, {"reset_peer", "timeout"},  {"limit_time", "time"}};
  for (const auto& [type, main] : mains) {
    CAPTURE(type);
    const auto error = [&, named = type](const std::string& attributes) {
      return toxic_error(std::string("{type: ") + named + ", attributes: {" + attributes + "}}");
    };
    for (const std::string distribution : {"lognormal", "pareto"}) {
      CHECK(error("distribution: " + distribution) ==
            std::string(main) + " must be more than 0 where distribution is lognormal or pareto");
    }
    CHECK(error("distribution: pareto, max: 10, " + std::string(main) + ": 20") ==
          "max must be more than " + std::string(main));
  }
}

TEST_CASE("what lets no byte pass has no end that is counted in bytes", "[spec_decoder]") {
  for (const std::string type : {"blackhole", "stall", "zero_window"}) {
    CAPTURE(type);
    const std::string refused =
        "until must be a time: `" + type + "` lets no byte pass, so no number would be reached";
    CHECK(toxic_error("{type: " + type + ", until: 64KiB}") == refused);
    CHECK(toxic_error("{type: " + type + ", after: 1KiB, until: 64KiB}") == refused);
    const ToxicTiming timing = toxic("{type: " + type + ", after: 64KiB, until: 10s}").timing;
    CHECK(timing.bytes == ByteWindow::Bounds{.after = 65'536});
    CHECK(timing.time.until == std::chrono::seconds(10));
  }
  CHECK(toxic("{type: latency, until: 64KiB}").timing.bytes->until == 65'536);
}

TEST_CASE("a strict map with a key twice is refused", "[spec_decoder]") {
  const Document document{.value = Document::Object{{"name", Document{.value = std::string("a")}},
                                                    {"name", Document{.value = std::string("b")}}}};
  CHECK(error_of(decode_proxy(document, kStrict)) == "key `name` is given twice");
}

}  // namespace
}  // namespace faultline
