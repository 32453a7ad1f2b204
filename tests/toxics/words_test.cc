#include "toxics/words.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/toxics/attributes.h"

namespace faultline {

namespace {

constexpr std::int64_t kMillion = AttributeValue::kMillion;

std::string said(std::string_view type, const Attributes& first,
                 Direction stream = Direction::kDownstream) {
  return find_toxic_type(type)->words(attributes_of(type, first), stream);
}

/// Another value of the attribute that its bounds and its words allow.
AttributeValue other_value(const AttributeType& attribute, std::int64_t now) {
  if (attribute.quantity == Quantity::kChoice) return now == 0 ? 1 : 0;
  if (attribute.quantity == Quantity::kProbability) return now == kMillion / 4 ? 100 : kMillion / 4;
  return std::max<std::int64_t>(attribute.at_least, now == 7 ? 8 : 7);
}

}  // namespace

TEST_CASE("quantities are written as people read them, exactly", "[words]") {
  using namespace std::chrono_literals;
  CHECK(words_of(0s) == "0 s");
  CHECK(words_of(200ms) == "200 ms");
  CHECK(words_of(1500ms) == "1.5 s");
  CHECK(words_of(60s) == "60 s");
  CHECK(words_of(20min) == "20 min");
  CHECK(words_of(90s) == "90 s");
  CHECK(words_of(250us) == "250 us");
  CHECK(words_of(1'000'001us) == "1.000001 s");
  CHECK(words_of(-5ms) == "-5 ms");
  CHECK(words_of_share(kMillion) == "100 %");
  CHECK(words_of_share(kMillion / 20) == "5 %");
  CHECK(words_of_share(1) == "0.0001 %");
  CHECK(words_of_decimal(kMillion / 4) == "0.25");
  CHECK(words_of_bytes(0) == "0 bytes");
  CHECK(words_of_bytes(1) == "1 byte");
  CHECK(words_of_bytes(1400) == "1.4 KB");
  CHECK(words_of_bytes(1460) == "1460 bytes");
  CHECK(words_of_bytes(65536) == "64 KiB");
  CHECK(words_of_bytes(1'500'000) == "1.5 MB");
  CHECK(words_of_bytes(1024) == "1 KiB");
  CHECK(words_of_bytes(1U << 30U) == "1 GiB");
  CHECK(words_of_rate(0) == "0 KB/s");
  CHECK(words_of_rate(999) == "999 KB/s");
  CHECK(words_of_rate(1'250) == "1.25 MB/s");
  CHECK(words_of_rate(2'000'000) == "2 GB/s");
  CHECK(words_of_count(1, "bit") == "1 bit");
  CHECK(words_of_count(3, "bit") == "3 bits");
}

TEST_CASE("each type says what it does, at its default and unlike the others", "[words]") {
  std::set<std::string> all;
  for (const ToxicType& type : toxic_catalog()) {
    INFO(type.name);
    REQUIRE(type.words != nullptr);
    const std::string text = type.words(type.default_attributes(), Direction::kDownstream);
    REQUIRE_FALSE(text.empty());
    CHECK(all.insert(text).second);
    CHECK_FALSE(std::isupper(static_cast<unsigned char>(text.front())));
    CHECK(text.back() != '.');
  }
}

TEST_CASE("no attribute of a type is passed over in its words", "[words]") {
  // What must be set for another attribute to mean anything.
  const std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>> needed = {
      {"jitter", {{"timeout", 5}}},
      {"distribution", {{"timeout", 5}}},
      {"sigma", {{"timeout", 5}, {"distribution", 2}}},
      {"shape", {{"timeout", 5}, {"distribution", 3}}},
      {"max", {{"timeout", 5}, {"distribution", 3}}},
      {"bits", {{"offset", 3}}},
      {"size_variation", {{"average_size", 100}}},
      {"correlation", {{"loss", kMillion / 2}}},
      {"r", {{"p", kMillion / 2}}},
      {"h", {{"p", kMillion / 2}}},
      {"k", {{"p", kMillion / 2}}},
      {"scope", {{"rate", 100}}},
      {"congestion", {{"loss", kMillion / 2}}},
  };
  for (const ToxicType& type : toxic_catalog()) {
    for (std::size_t i = 0; i < type.attributes.size(); ++i) {
      const AttributeType& attribute = type.attributes[i];
      if (attribute.quantity == Quantity::kSamples) continue;  // Its file's name is not known.
      Attributes set = type.default_attributes();
      const auto others = needed.find(attribute.name);
      if (others != needed.end()) {
        for (const auto& [name, value] : others->second) {
          const int index = type.attribute_index(name);
          if (index >= 0) set[static_cast<std::size_t>(index)] = value;
        }
      }
      const std::string before = type.words(set, Direction::kDownstream);
      set[i] = other_value(attribute, set[i].number);
      INFO(type.name << ": " << attribute.name << ": " << before);
      CHECK(type.words(set, Direction::kDownstream) != before);
    }
  }
}

TEST_CASE("toxics that work on one stream say which", "[words]") {
  for (const ToxicType& type : toxic_catalog()) {
    INFO(type.name);
    const Attributes set = type.default_attributes();
    const bool differs =
        type.words(set, Direction::kDownstream) != type.words(set, Direction::kUpstream);
    const bool has_stream = type.usual_links() == Links::kOwn && type.name != "noop";
    CHECK(differs == has_stream);
  }
}

TEST_CASE("Toxiproxy's toxics in words", "[words]") {
  CHECK(said("latency", {200, 20}) == "answers from the server come 200 ms (± 20 ms) late");
  CHECK(said("latency", {200, 20}, Direction::kUpstream) ==
        "requests from the client come 200 ms (± 20 ms) late");
  CHECK(said("latency", {200, 50, 1}) ==
        "answers from the server come 200 ms on average (normal, deviation 50 ms) late");
  CHECK(said("latency", {200, 0, 2, kMillion / 2, 3 * kMillion, 5000}) ==
        "answers from the server come 200 ms in the median (lognormal, sigma 0.5, at most 5 s) "
        "late");
  CHECK(said("latency", {80, 0, 0, 0, 0, 0, AttributeValue(""), kMillion / 2, 1}) ==
        "requests and answers each come half of 80 ms late, each delay being 50 % like the one "
        "before");
  CHECK(said("bandwidth", {1000}) ==
        "answers from the server pass at 1 MB/s at most, on each connection");
  CHECK(said("bandwidth", {0}) == "answers from the server stand still, and none is lost");
  CHECK(said("slow_close", {500}) == "the end (FIN) of answers from the server comes 500 ms late");
  CHECK(said("timeout", {0}) ==
        "answers from the server are swallowed, and the connection stays open");
  CHECK(said("timeout", {2000}) ==
        "answers from the server are swallowed, and the connection is closed after 2 s");
  CHECK(said("reset_peer", {100}) ==
        "the connection is reset (RST to both sides) 100 ms after the first byte of answers from "
        "the server, or after 10 ms of silence");
  CHECK(said("slicer", {100, 20, 10}) ==
        "answers from the server come in pieces of 100 bytes (± 20 bytes), with a pause of 10 us "
        "after each");
  CHECK(said("limit_data", {65536}) ==
        "the connection is closed after 64 KiB of answers from the server");
  CHECK(said("noop", {}) == "nothing changes");
}

TEST_CASE("outages and bad paths in words", "[words]") {
  CHECK(said("blackhole", {0, 1}) ==
        "packets from both sides vanish: they are neither answered nor acknowledged, and "
        "connecting hangs, on connections younger than this");
  CHECK(said("blackhole", {2}) ==
        "packets from the server vanish: they are neither answered nor acknowledged");
  CHECK(said("refuse", {}) ==
        "nobody listens: connecting is refused, and open connections are reset");
  CHECK(said("limit_time", {60'000, 0, 0, 0, 0, 0, AttributeValue(""), 1}) ==
        "each connection is reset (RST to both sides) after 60 s, however busy it is");
  CHECK(said("connect_delay", {300}) ==
        "connections are accepted at once, and the server is dialled 300 ms later");
  CHECK(said("packet_loss", {kMillion / 100}) ==
        "answers from the server come late, for 1 % of packets are lost and sent again as TCP does "
        "it");
  CHECK(said("path", {kMillion / 50, 0, 0, -kMillion, 0, kMillion, 0, 100 * kMillion, 1, 250}) ==
        "requests and answers go over a path with a round trip of 100 ms, at 250 KB/s at most, "
        "where 2 % of packets are lost on the way to the client");
  CHECK(said("path", {0, 0, kMillion / 100, -kMillion, 0, kMillion, 0}) ==
        "requests and answers go over a path, where packets are lost in bursts (Gilbert-Elliott: "
        "p 1 %, r 99 %, h 0 %, k 100 %)");
  CHECK(said("corrupt", {kMillion / 1000, 5, 2}) ==
        "answers from the server are damaged: each byte by a chance of 0.1 %, and byte 5 in any "
        "case, 2 bits of it flipped");
  CHECK(said("truncate", {1000}) ==
        "answers from the server end (FIN) after 1 KB, and the other direction goes on");
}

}  // namespace faultline
