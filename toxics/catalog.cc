#include "toxics/catalog.h"

#include <algorithm>

#include "toxics/bandwidth.h"
#include "toxics/latency.h"
#include "toxics/limit_data.h"
#include "toxics/noop.h"
#include "toxics/reset_peer.h"
#include "toxics/shared_bandwidth.h"
#include "toxics/slicer.h"
#include "toxics/slow_close.h"
#include "toxics/timeout.h"

namespace faultline {

namespace {

using Made = std::unique_ptr<Toxic>;

constexpr std::int64_t kProxyScope = 1;

/// Every toxic there is. The order of attributes is the order in JSON.
const std::vector<ToxicType> kCatalog = {
    {"latency",
     "Delays everything by a fixed time, give or take some jitter.",
     {{"latency", "ms", "how long bytes are delayed"},
      {"jitter", "ms", "up to this much more or less, drawn once per burst"}},
     [](const Attributes& set, StageMemory& memory) -> Made {
       return std::make_unique<Latency>(saturated_milliseconds(set[0].number),
                                        saturated_milliseconds(set[1].number), memory);
     },
     true},
    {"bandwidth",
     "Limits the rate; at 0 it stalls without losing a byte.",
     {{"rate", "KB/s", "1 KB is 1000 bytes; 0 lets nothing pass until the toxic is removed"},
      {.name = "scope",
       .unit = "name",
       .summary = "each connection has the rate for itself, or all share it",
       .quantity = Quantity::kChoice,
       .choices = {"connection", "proxy"}}},
     [](const Attributes& set, StageMemory& memory) -> Made {
       const Rate rate(set[0].number);
       if (set[1].number != kProxyScope || memory.line == nullptr) {
         return std::make_unique<Bandwidth>(rate);
       }
       return std::make_unique<SharedBandwidth>(rate, *memory.line);
     },
     true},
    {"slow_close",
     "Passes data untouched and delays the end of the stream.",
     {{"delay", "ms", "how long FIN is held back"}},
     [](const Attributes& set, StageMemory&) -> Made {
       return std::make_unique<SlowClose>(saturated_milliseconds(set[0].number));
     },
     true},
    {"timeout",
     "Swallows all data, then closes the connection; so does removing it.",
     {{"timeout", "ms", "when to close, counted from when the toxic took hold; 0 never closes"}},
     [](const Attributes& set, StageMemory&) -> Made {
       return std::make_unique<Timeout>(saturated_milliseconds(set[0].number));
     },
     true},
    {"reset_peer",
     "Resets the connection (RST to both sides), idle or busy.",
     {{"timeout", "ms", "how long after the first byte, or 10 ms of silence, it resets"}},
     [](const Attributes& set, StageMemory&) -> Made {
       return std::make_unique<ResetPeer>(saturated_milliseconds(set[0].number));
     },
     true},
    {"slicer",
     "Cuts data into small pieces, each sent on its own.",
     {{"average_size", "bytes", "size of a piece; 0 does not cut"},
      {"size_variation", "bytes", "how much larger or smaller a piece may be"},
      {"delay", "us", "pause after each piece"}},
     [](const Attributes& set, StageMemory& memory) -> Made {
       return std::make_unique<Slicer>(set[0].number, set[1].number,
                                       saturated_microseconds(set[2].number), memory);
     },
     true},
    {"limit_data",
     "Closes the connection once a number of bytes has passed.",
     {{"bytes", "bytes", "how many pass on each connection; 0 closes at the first"}},
     [](const Attributes& set, StageMemory& memory) -> Made {
       return std::make_unique<LimitData>(set[0].number, memory);
     },
     true},
    {"noop",
     "Changes nothing.",
     {},
     [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Noop>(); },
     true},
};

}  // namespace

Attributes ToxicType::default_attributes() const {
  Attributes values;
  for (const AttributeType& attribute : attributes) values.push_back(attribute.default_value);
  return values;
}

int ToxicType::attribute_index(std::string_view attribute) const {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == attribute) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> ToxicType::attribute_names() const {
  std::vector<std::string> names;
  for (const AttributeType& attribute : attributes) names.push_back(attribute.name);
  return names;
}

const std::vector<ToxicType>& toxic_catalog() {
  return kCatalog;
}

const ToxicType* find_toxic_type(std::string_view name) {
  const auto found = std::find_if(kCatalog.begin(), kCatalog.end(),
                                  [&](const ToxicType& type) { return type.name == name; });
  return found == kCatalog.end() ? nullptr : &*found;
}

std::vector<std::string> toxic_type_names() {
  std::vector<std::string> names;
  for (const ToxicType& type : kCatalog) names.push_back(type.name);
  return names;
}

}  // namespace faultline
