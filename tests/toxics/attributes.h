#pragma once

#include <algorithm>
#include <string_view>

#include "toxics/catalog.h"

namespace faultline {

/// The attributes of a toxic type: the first ones as given, the others at their default.
inline Attributes attributes_of(std::string_view type, const Attributes& first) {
  Attributes all = find_toxic_type(type)->default_attributes();
  std::copy(first.begin(), first.end(), all.begin());
  return all;
}

}  // namespace faultline
