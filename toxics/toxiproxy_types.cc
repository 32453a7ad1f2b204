#include <algorithm>

#include "toxics/bandwidth.h"
#include "toxics/delay_attributes.h"
#include "toxics/latency.h"
#include "toxics/limit_data.h"
#include "toxics/noop.h"
#include "toxics/reset_peer.h"
#include "toxics/shared_bandwidth.h"
#include "toxics/slicer.h"
#include "toxics/slow_close.h"
#include "toxics/timeout.h"
#include "toxics/type_lists.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Made = std::unique_ptr<Toxic>;

constexpr std::int64_t kProxyScope = 1;

/// Of `latency`, behind those of its delay.
enum LatencyIndex : std::size_t { kCorrelation = kDelayAttributes, kWay };

std::string bytes_in_words(const AttributeValue& count) {
  return words_of_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(count.number, 0)));
}

/// The delay is a round trip's.
bool is_split(const Attributes& set) {
  return set[kWay].number == 1;
}

std::string latency_words(const Attributes& set, Direction stream) {
  const std::string late = delay_words(set) + " late" + correlation_words(set[kCorrelation]);
  return is_split(set) ? "requests and answers each come half of " + late
                       : words_of_stream(stream) + " come " + late;
}

ToxicType latency_type() {
  std::vector<AttributeType> attributes = delay_attributes("latency", "how long bytes are delayed");
  attributes.push_back(
      correlation_attribute("how much a burst's delay is like that of the one before"));
  attributes.push_back({.name = "way",
                        .unit = "name",
                        .summary = "this stream has the delay, or each stream half of it",
                        .quantity = Quantity::kChoice,
                        .choices = {"one_way", "rtt"},
                        .is_extra = true});
  return {.name = "latency",
          .summary = "Delays everything by a fixed time, give or take some jitter.",
          .attributes = attributes,
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            const DelayModel whole = delay_model(set, memory.samples)
                                         .value_or(DelayModel::uniform(Duration(0), Duration(0)));
            const double correlation = set[kCorrelation].decimal();
            if (!is_split(set)) {
              return std::make_unique<Latency>(whole, BurstScores(memory.chance_key, correlation));
            }
            // The halves of one round trip are drawn alike, so that their sum is spread as asked.
            return std::make_unique<Latency>(whole.scaled(0.5),
                                             BurstScores(memory.connection_key, correlation),
                                             Latency::DrawnBy::kConnection);
          },
          .is_toxiproxys = true,
          .effects =
              [](const Attributes& set, const SampleTable*, const Placement&) {
                return Effects{.links = is_split(set) ? Links::kBoth : Links::kOwn};
              },
          .check = check_delay("latency"),
          .words = latency_words};
}

ToxicType slow_close_type() {
  return {.name = "slow_close",
          .summary = "Passes data untouched and delays the end of the stream.",
          .attributes = wait_attributes("delay", "how long FIN is held back"),
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<SlowClose>(drawn_wait(set, memory));
          },
          .is_toxiproxys = true,
          .check = check_delay("delay"),
          .words =
              [](const Attributes& set, Direction stream) {
                return "the end (FIN) of " + words_of_stream(stream) + " comes " +
                       delay_words(set) + " late";
              }};
}

ToxicType timeout_type() {
  return {.name = "timeout",
          .summary = "Swallows all data, then closes the connection; so does removing it.",
          .attributes = wait_attributes(
              "timeout", "when to close, counted from when the toxic took hold; 0 never closes"),
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            const bool never_closes = set[0].number <= 0 && memory.samples == nullptr;
            constexpr Duration kAtOnce{1};
            return std::make_unique<Timeout>(
                never_closes ? Duration(0) : std::max(drawn_wait(set, memory), kAtOnce));
          },
          .is_toxiproxys = true,
          .check = check_delay("timeout"),
          .words =
              [](const Attributes& set, Direction stream) {
                const bool never_closes =
                    set[0].number <= 0 && set[kDelayAttributes - 1].text().empty();  // Its samples.
                return words_of_stream(stream) + " are swallowed, and the connection " +
                       (never_closes ? "stays open" : "is closed after " + delay_words(set));
              }};
}

ToxicType reset_peer_type() {
  return {.name = "reset_peer",
          .summary = "Resets the connection (RST to both sides), idle or busy.",
          .attributes = wait_attributes(
              "timeout", "how long after the first byte, or 10 ms of silence, it resets"),
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<ResetPeer>(drawn_wait(set, memory));
          },
          .is_toxiproxys = true,
          .check = check_delay("timeout"),
          .words =
              [](const Attributes& set, Direction stream) {
                return "the connection is reset (RST to both sides) " + delay_words(set) +
                       " after the first byte of " + words_of_stream(stream) +
                       ", or after 10 ms of silence";
              }};
}

std::string bandwidth_words(const Attributes& set, Direction stream) {
  const std::string what = words_of_stream(stream);
  if (set[0].number <= 0) return what + " stand still, and none is lost";
  return what + " pass at " + words_of_rate(set[0].number) + " at most, " +
         (set[1].number == kProxyScope ? "shared by all connections" : "on each connection");
}

ToxicType bandwidth_type() {
  return {.name = "bandwidth",
          .summary = "Limits the rate; at 0 it stalls without losing a byte.",
          .attributes = {{.name = "rate",
                          .unit = "KB/s",
                          .summary = "1 KB is 1000 bytes; 0 lets nothing pass until the toxic is "
                                     "removed"},
                         {.name = "scope",
                          .unit = "name",
                          .summary = "each connection has the rate for itself, or all share it",
                          .quantity = Quantity::kChoice,
                          .choices = {"connection", "proxy"}}},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            const Rate rate(set[0].number);
            if (set[1].number != kProxyScope || memory.line == nullptr) {
              return std::make_unique<Bandwidth>(rate);
            }
            return std::make_unique<SharedBandwidth>(rate, *memory.line, memory);
          },
          .is_toxiproxys = true,
          .words = bandwidth_words};
}

std::string slicer_words(const Attributes& set, Direction stream) {
  std::string text = words_of_stream(stream);
  if (set[0].number <= 0) {
    text += " come uncut";
  } else {
    text += " come in pieces of " + bytes_in_words(set[0]);
    if (set[1].number > 0) text += " (± " + bytes_in_words(set[1]) + ")";
  }
  if (set[2].number > 0) {
    text += ", with a pause of " + words_of(saturated_microseconds(set[2].number)) + " after each";
  }
  return text;
}

ToxicType slicer_type() {
  return {.name = "slicer",
          .summary = "Cuts data into small pieces, each sent on its own.",
          .attributes = {{"average_size", "bytes", "size of a piece; 0 does not cut"},
                         {"size_variation", "bytes", "how much larger or smaller a piece may be"},
                         {"delay", "us", "pause after each piece"}},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<Slicer>(set[0].number, set[1].number,
                                            saturated_microseconds(set[2].number), memory);
          },
          .is_toxiproxys = true,
          .words = slicer_words};
}

ToxicType limit_data_type() {
  return {
      .name = "limit_data",
      .summary = "Closes the connection once a number of bytes has passed.",
      .attributes = {{"bytes", "bytes", "how many pass on each connection; 0 closes at the first"}},
      .make = [](const Attributes& set, StageMemory& memory) -> Made {
        return std::make_unique<LimitData>(set[0].number, LimitData::Ending::kClose, memory);
      },
      .is_toxiproxys = true,
      .words =
          [](const Attributes& set, Direction stream) {
            const std::string passed =
                set[0].number <= 0 ? "at the first byte" : "after " + bytes_in_words(set[0]);
            return "the connection is closed " + passed + " of " + words_of_stream(stream);
          }};
}

ToxicType noop_type() {
  return {.name = "noop",
          .summary = "Changes nothing.",
          .attributes = {},
          .make = [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Noop>(); },
          .is_toxiproxys = true,
          .words = [](const Attributes&, Direction) { return std::string("nothing changes"); }};
}

}  // namespace

std::vector<ToxicType> toxiproxy_types() {
  return {latency_type(),    bandwidth_type(), slow_close_type(), timeout_type(),
          reset_peer_type(), slicer_type(),    limit_data_type(), noop_type()};
}

}  // namespace faultline
