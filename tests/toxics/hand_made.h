#pragma once

#include <cstddef>
#include <vector>

#include "toxics/catalog.h"

namespace faultline {

/// A toxic type that is in no catalogue: its toxic is made of `count` numbers.
inline ToxicType hand_made(std::size_t count, decltype(ToxicType::make) make) {
  ToxicType type{};
  type.name = "hand-made";
  type.attributes.resize(count);
  type.make = make;
  return type;
}

}  // namespace faultline
