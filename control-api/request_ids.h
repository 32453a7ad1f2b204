#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"

namespace faultline {

/// Ids for requests, to find them again in the log: 20 characters of [0-9a-v].
class RequestIds {
 public:
  explicit RequestIds(std::uint64_t seed) : random_(seed) {}

  std::string next();

 private:
  Random random_;
};

}  // namespace faultline
