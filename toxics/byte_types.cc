#include "toxics/corrupt.h"
#include "toxics/limit_data.h"
#include "toxics/type_lists.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Made = std::unique_ptr<Toxic>;

std::string corrupt_words(const Attributes& set, Direction stream) {
  std::string hit;
  if (set[0].number > 0) hit = "each byte by a chance of " + words_of_share(set[0]);
  if (set[1].number >= 0) {
    hit += (hit.empty() ? "" : ", and ") + ("byte " + std::to_string(set[1].number)) +
           (hit.empty() ? "" : " in any case");
  }
  if (hit.empty()) return "no byte of " + words_of_stream(stream) + " is damaged";
  return words_of_stream(stream) + " are damaged: " + hit + ", " +
         words_of_count(set[2].number, "bit") + " of it flipped";
}

ToxicType corrupt_type() {
  return {.name = "corrupt",
          .summary = "Flips bits that reach the application: damage beyond TCP's checksums.",
          .attributes = {{.name = "rate",
                          .unit = "share",
                          .summary = "the chance of each byte to be hit",
                          .at_most = AttributeValue::kMillion,
                          .quantity = Quantity::kProbability},
                         {.name = "offset",
                          .unit = "bytes",
                          .summary = "the byte to be hit in any case, counted from 0; -1 for none",
                          .default_value = -1,
                          .at_least = -1},
                         {.name = "bits",
                          .unit = "bits",
                          .summary = "how many bits of a byte are flipped",
                          .default_value = 1,
                          .at_least = 1,
                          .at_most = 8}},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<Corrupt>(
                Corrupt::Settings{.rate = set[0].decimal(),
                                  .offset = set[1].number,
                                  .bits = static_cast<int>(set[2].number)},
                memory);
          },
          .words = corrupt_words};
}

ToxicType truncate_type() {
  return {.name = "truncate",
          .summary = "Ends a stream (FIN) after a number of bytes; the other direction goes on.",
          .attributes = {{"bytes", "bytes", "how many pass; the rest is swallowed"}},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<LimitData>(set[0].number, LimitData::Ending::kFinish, memory);
          },
          .words =
              [](const Attributes& set, Direction stream) {
                return words_of_stream(stream) + " end (FIN) after " +
                       words_of_bytes(static_cast<std::uint64_t>(set[0].number)) +
                       ", and the other direction goes on";
              }};
}

}  // namespace

std::vector<ToxicType> byte_types() {
  return {corrupt_type(), truncate_type()};
}

}  // namespace faultline
