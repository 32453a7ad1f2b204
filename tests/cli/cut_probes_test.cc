#include "cli/cut_probes.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/cut_recovery.h"
#include "cli/exit_codes.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What somebody saw who dialled b from a through `to-b`.
Json probe(const char* outcome, const Json& kept_out) {
  return {{"client", "a"},      {"destination", "b"}, {"proxy", "to-b"},
          {"outcome", outcome}, {"after_ms", 2000.4}, {"kept_out", kept_out}};
}

Json not_probed(const char* destination, const char* why) {
  return {{"client", "a"},
          {"destination", destination},
          {"outcome", "not-probed"},
          {"kept_out", nullptr},
          {"why", why}};
}

struct Told {
  int status = 0;
  std::string out{};
  std::string err{};
};

Told told(const Json& probes, OutputFormat format = OutputFormat::kTable) {
  std::ostringstream out;
  std::ostringstream err;
  Console console{out, err};
  Invocation invocation(console);
  invocation.output = format;
  const int status = tell_probes(invocation, {{"probes", probes}});
  return {status, out.str(), err.str()};
}

Json link(const char* to, int kept_apart, const Json& first_byte_after_ms) {
  return {{"from", "a"},
          {"to", to},
          {"kept_apart", kept_apart},
          {"first_byte_after_ms", first_byte_after_ms}};
}

/// After 1.5 s, with five reconnects.
Json recovery(const Json& links, const Json& first_byte_after_ms) {
  return {{"state", "watching"},
          {"watched_ms", 1500.0},
          {"cut_all", true},
          {"first_byte_after_ms", first_byte_after_ms},
          {"links", links},
          {"reconnects", 5},
          {"reconnects_per_second", {4, 1}}};
}

}  // namespace

TEST_CASE("what probes see is told, a line for each", "[cut_probes]") {
  const Told kept = told({probe("timed-out", true), probe("held", true), probe("reset", true)});
  CHECK(kept.status == kExitOk);
  CHECK(kept.err.empty());
  CHECK(kept.out ==
        "  a dials b through to-b: timed out after 2.0 s, its SYN was not answered\n"
        "  a dials b through to-b: connected, and then heard nothing for 2.0 s\n"
        "  a dials b through to-b: reset after 2.0 s\n");
}

TEST_CASE("whoever gets through fails the cut, for scripts too", "[cut_probes]") {
  for (const OutputFormat format : {OutputFormat::kTable, OutputFormat::kJson}) {
    const Told leaked = told({probe("timed-out", true), probe("answered", false)}, format);
    CHECK(leaked.status == kExitFailed);
    CHECK(leaked.err ==
          "the cut leaks: a client of zone a has reached zone b through proxy to-b\n");
    CHECK(leaked.out.empty() == (format == OutputFormat::kJson));
  }
  const Told spared = told(Json::array({probe("answered", nullptr)}));
  CHECK(spared.status == kExitOk);
  CHECK(spared.err.empty());
}

TEST_CASE("who was not probed is told by the reason", "[cut_probes]") {
  Json probes = Json::array();
  for (const char* zone : {"b", "c", "d", "e", "f", "g", "h"}) {
    probes.push_back(not_probed(zone, "proxy `p`: it is disabled"));
  }
  probes.push_back(not_probed("i", "no address"));
  const Told none = told(probes);
  CHECK(none.status == kExitOk);
  CHECK(none.out ==
        "  not probed: a dials i: no address\n"
        "  not probed: a dials b, a dials c, a dials d, a dials e, a dials f, a dials g and 1 "
        "more: proxy `p`: it is disabled\n");
}

TEST_CASE("probes are summed up by what they saw", "[cut_probes]") {
  CHECK(probes_in_words({{"probes", Json::array()}}) == "no probes");
  CHECK(probes_in_words({{"probes",
                          {probe("timed-out", true), not_probed("c", "none"),
                           probe("timed-out", true)}}}) == "3 probes: 1 not-probed, 2 timed-out");
}

TEST_CASE("what comes back after a cut is told in a line", "[cut_recovery]") {
  const std::string rest = "; 5 reconnects in 1.5 s, 4 in a second at the most";
  const auto words = [](const Json& links, const Json& first) {
    return recovery_in_words(recovery(links, first));
  };
  CHECK(words({link("b", 2, 12.1), link("c", 1, 12.1)}, 12.1) ==
        "the first byte crossed again after 12 ms" + rest);
  CHECK(words({link("b", 2, 12.1), link("c", 1, 1100)}, 12.1) ==
        "the first byte crossed again after 12 ms, every way after 1.1 s" + rest);
  CHECK(words({link("b", 2, 12.1), link("c", 1, nullptr), link("d", 0, nullptr)}, 12.1) ==
        "the first byte crossed again after 12 ms, none yet a>c" + rest);
  CHECK(words({link("b", 2, nullptr), link("c", 0, nullptr)}, nullptr) ==
        "no byte has crossed again in 1.5 s" + rest);
  CHECK(words(Json::array({link("b", 0, nullptr)}), nullptr) ==
        "no connection was cut, and no byte has crossed since" + rest);

  Json partial = recovery(Json::array({link("b", 2, nullptr)}), nullptr);
  partial["cut_all"] = false;
  CHECK(recovery_in_words(partial) == "5 reconnects in 1.5 s, 4 in a second at the most");
  partial["reconnects"] = 0;
  CHECK(recovery_in_words(partial) == "no reconnects in 1.5 s");
}

}  // namespace faultline
