#include "control-api/partition_words.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/amounts.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/explanation.h"
#include "cli/partition_request.h"
#include "cli/read_partition.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

PartitionSpec partition(const char* json) {
  const auto spec = read_partition(Json::parse(json));
  if (!spec) FAIL(spec.error().message);
  return *spec;
}

std::string refusal(const PartitionArguments& arguments, bool is_cut = false) {
  const auto body = is_cut ? cut_request(arguments) : partition_request(arguments);
  return body ? "none" : body.error().message;
}

}  // namespace

TEST_CASE("each shape is told as who is kept from whom", "[partition_words]") {
  const auto deed = [](const char* json) { return deed_in_words(partition(json)); };
  CHECK(deed(R"({"shape": "isolate", "zones": ["b"]})") == "cut zone b from everything else");
  CHECK(deed(R"({"shape": "isolate", "zones": ["a", "b", "c"]})") ==
        "cut zones a, b and c from everything else");
  CHECK(deed(R"({"from": "a", "to": ["b", "c"]})") == "cut zone a from zones b and c");
  CHECK(deed(R"({"from": "none", "to": "b"})") == "cut what is in no zone from zone b");
  CHECK(deed(R"({"from": "a", "to": "*", "direction": "from_to"})") ==
        "cut the way from zone a to everything else");
  CHECK(deed(R"({"from": "a", "to": "*", "direction": "to_from"})") ==
        "cut the way from everything else to zone a");
  CHECK(deed(R"({"shape": "halves", "zones": ["a", "b", "c"]})") ==
        "cut zone a from zones b and c");
  CHECK(deed(R"({"shape": "bridge", "zones": ["a", "b", "c"]})") ==
        "cut zone a from zone c (zone b sees both)");
  CHECK(deed(R"({"shape": "one-way", "zones": ["a"]})") ==
        "cut the way from zone a to everything else");
  CHECK(deed(R"({"shape": "one-way", "zones": ["a", "b"]})") ==
        "cut the way from zone a to zone b");
  CHECK(deed(R"({"shape": "ring", "zones": ["a", "b", "c"]})") ==
        "cut zones a, b and c to a ring, where each hears only a majority");
  CHECK(deed(R"({"from": "a", "to": "b", "mode": "slow"})") ==
        "slow the way between zone a and zone b");
  CHECK(deed(R"({"from": "a", "to": "b", "mode": "lossy", "direction": "from_to"})") ==
        "make the way from zone a to zone b lossy");
}

TEST_CASE("each mode is told by what who is there sees", "[partition_words]") {
  const auto state = [](const std::string& mode) {
    const PartitionSpec spec =
        partition((R"({"shape": "isolate", "zones": ["b"], "mode": ")" + mode + "\"}").c_str());
    return state_in_words(spec);
  };
  const std::string cut = "zone b is cut from everything else: ";
  CHECK(state("blackhole") == cut + "packets vanish, and nobody is told");
  CHECK(state("reset") ==
        cut + "connections are reset (RST), those that are open and those that come");
  CHECK(state("refuse") == cut + "open connections are reset, and who dials is refused");
  CHECK(state("close") ==
        cut + "connections are closed (FIN), those that are open and those that come");
  CHECK(state("stall") == cut + "connections stay open, and no byte moves");
  CHECK(state("slow") ==
        "the way between zone b and everything else is slow: bytes come late (latency 200ms)");
  CHECK(state("lossy") ==
        "the way between zone b and everything else is lossy: packets are lost (loss 15%)");
}

TEST_CASE("for whom, by turns and until when are part of a partition's words",
          "[partition_words]") {
  const PartitionSpec spec = partition(
      R"({"name": "x", "from": "a", "to": "b", "connections": "30%", "scope": "new",
          "flap": {"on": "5s", "off": "20s"}, "heal": "reset", "ttl": "10m"})");
  CHECK(limits_in_words(spec) ==
        ", for 30% of the connections, for connections made since, by turns 5s on and 20s off");
  CHECK(explanation(spec) ==
        "Partition `x`: zone a is cut from zone b: packets vanish, and nobody is told, for 30% of "
        "the connections, for connections made since, by turns 5s on and 20s off, for 10m. Then "
        "its connections are reset.\n");
  CHECK(explanation(partition(R"({"name": "x", "from": "a", "to": "b", "shadow": true})")) ==
        "Partition `x`: zone a is cut from zone b: packets vanish, and nobody is told, a shadow: "
        "it counts, and does nothing, until it is healed.\n");
  // A server's answer says more, and may say that nothing carries it out.
  CHECK(partition(R"({"name": "x", "from": "a", "to": "b", "engine": null, "engines": [],
                      "links": [], "ends_at": "2026-11-28T10:00:00Z"})")
            .name == "x");
  CHECK(deed_in_words(partition(R"({"name": "x", "from": "a\u001b", "to": "b"})")) ==
        "cut zone a\\x1b from zone b");  // A terminal would obey.
  CHECK(read_partition(Json::parse(R"({"name": "x", "phase": "full moon"})")).error().kind ==
        ErrorKind::kNetwork);
}

TEST_CASE("the options of a partition are its document, and what is wrong is told of them",
          "[partition_request]") {
  PartitionArguments cut{.zone = "b"};
  CHECK(cut_request(cut)->dump() == R"({"name":"b-cut","shape":"isolate","zones":["b"]})");
  cut.one_way = "in";
  cut.flap = "5s/20s";
  CHECK(cut_request(cut)->dump() ==
        R"({"name":"b-cut","from":["b"],"to":["*"],"direction":"to_from",)"
        R"("flap":{"on":"5s","off":"20s"}})");
  CHECK(refusal({.zone = "b", .one_way = "inn"}, true) ==
        "--one-way must be `in` (what is sent to the zone) or `out` (what it sends), not `inn`; "
        "did you mean `in`?");

  const PartitionArguments far{
      .name = "far", .from = "a", .to = "b, c", .latency = "80ms", .jitter = "5ms"};
  CHECK(partition_request(far)->dump() ==
        R"({"name":"far","from":["a"],"to":["b","c"],"mode":"slow",)"
        R"("attributes":{"latency":"80ms","jitter":"5ms"}})");
  CHECK(refusal({.name = "x"}) == "which zones? Say --from a --to b, or --shape isolate --zones b");
  CHECK(refusal({.name = "x", .zones = "a,b"}) ==
        "--zones goes with a --shape: isolate, halves, bridge, one-way or ring");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .mode = "slw"}) ==
        "--mode must be `blackhole`, `reset`, `refuse`, `close`, `stall`, `slow` or `lossy`, not "
        "`slw`; did you mean `slow`?");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .latency = "5"}) ==
        "latency needs a unit: write \"5ms\" for the number 5 of ms");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .mode = "reset", .loss = "5%"}) ==
        "--loss is of the mode lossy: it does not go with --mode reset");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .latency = "5ms", .loss = "5%"}) ==
        "--latency and --jitter are of the mode slow, --loss is of lossy: a partition has one "
        "mode");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .attributes = {"loss=5%"}}) ==
        "-a is for the modes slow and lossy: say which with --mode");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .flap = "5s"}) ==
        "--flap: write ON/OFF, as 5s/20s, not `5s`");
  CHECK(refusal({.name = "x", .from = "a", .to = "b", .scope = "nu"}).find("--scope must be ") ==
        0);
}

TEST_CASE("a cut has held, leaked, or proved nothing", "[cut_proof]") {
  const PartitionSpec cut = partition(R"({"shape": "isolate", "zones": ["b"]})");
  const auto effect = [](int matched, int connections, int bytes) {
    return Json{{"matched", matched},
                {"cut", matched},
                {"refused", 0},
                {"applied", 0},
                {"dropped_packets", 0},
                {"crossed", connections + bytes},
                {"crossed_connections", connections},
                {"crossed_bytes", bytes}};
  };
  const CutProof held = proof_of(effect(2400, 0, 0), cut);
  CHECK(held.counts == "matched 2,400, cut 2,400, refused 0, crossed 0");
  CHECK(held.sentence == "the cut held, nothing crossed it");
  CHECK(exit_code_of(held.verdict) == 0);

  const CutProof leaked = proof_of(effect(2400, 1, 0), cut);
  CHECK(leaked.sentence == "the cut leaked: 1 connection crossed it");
  CHECK(exit_code_of(leaked.verdict) == kExitFailed);
  CHECK(proof_of(effect(1, 0, 1), cut).sentence == "the cut leaked: 1 byte crossed it");
  CHECK(proof_of(effect(0, 3, 1200), cut).sentence ==
        "the cut leaked: 3 connections and 1,200 bytes crossed it");

  const CutProof nothing = proof_of(effect(0, 0, 0), cut);
  CHECK(nothing.sentence.find("inconclusive: nothing matched") == 0);
  CHECK(exit_code_of(nothing.verdict) == kExitInconclusive);
  Json uncounted = effect(0, 0, 0);
  uncounted["refused_uncounted"] = {"redis"};
  CHECK(proof_of(uncounted, cut).sentence.find("the kernel, which refuses who dials, counts ") !=
        std::string::npos);

  const PartitionSpec slow = partition(R"({"from": "a", "to": "b", "mode": "slow"})");
  CHECK(proof_of(effect(3, 0, 0), slow).counts == "matched 3, applied to 0");
  CHECK(proof_of(effect(3, 0, 0), slow).sentence == "nothing was sent that way");
  const PartitionSpec shadow = partition(R"({"from": "a", "to": "b", "shadow": true})");
  CHECK(proof_of(effect(3, 0, 0), shadow).counts == "matched 3");
  CHECK(exit_code_of(proof_of(effect(3, 0, 0), shadow).verdict) == 0);
}

TEST_CASE("amounts are short, and numbers are grouped", "[amounts]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(2400) == "2,400");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(amount_of(0, "connection") == "no connections");
  CHECK(amount_of(1, "connection") == "1 connection");
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(999) == "999 B");
  CHECK(short_bytes(1'200) == "1.2 kB");
  CHECK(short_bytes(48'000'000) == "48 MB");
  CHECK(time_between("2026-11-28T10:00:00.000Z", "2026-11-28T10:01:05.200Z") == "1m5s");
  CHECK(time_between("2026-11-28T10:00:00.000Z", "2026-11-28T10:00:00.040Z") == "40ms");
  CHECK(time_between("noon", "2026-11-28T10:00:00Z").empty());
  CHECK(time_left("2001-01-01T00:00:00Z") == "0");
  CHECK(time_left("").empty());
}

}  // namespace faultline
