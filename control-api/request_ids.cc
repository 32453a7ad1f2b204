#include "control-api/request_ids.h"

namespace faultline {

std::string RequestIds::next() {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  constexpr int kLength = 20;
  constexpr int kDigitsPerDraw = 10;
  std::string id;
  std::uint64_t bits = 0;
  for (int i = 0; i < kLength; ++i) {
    if (i % kDigitsPerDraw == 0) bits = random_.next();
    id += kDigits[bits & 31U];
    bits >>= 5U;
  }
  return id;
}

}  // namespace faultline
