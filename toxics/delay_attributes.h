#pragma once

#include <string>
#include <vector>

#include "toxics/attribute.h"
#include "toxics/delay_model.h"
#include "toxics/sample_table.h"

namespace faultline {

/// The attributes that describe a random delay, the first being `main`, in ms.
/// What follows it and `jitter` is `is_extra`.
std::vector<AttributeType> delay_attributes(const std::string& main, const std::string& summary);

/// What they say. `set` begins with their values. Errors: kInvalid.
Result<DelayModel> delay_model(const Attributes& set, const SampleTable* samples);

/// How many they are.
constexpr std::size_t kDelayAttributes = 8;

}  // namespace faultline
