#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "toxics/attribute.h"
#include "toxics/delay_model.h"
#include "toxics/sample_table.h"
#include "toxics/toxic.h"

namespace faultline {

/// The attributes that describe a random delay, the first being `main`, in ms.
/// What follows it and `jitter` is `is_extra`.
std::vector<AttributeType> delay_attributes(const std::string& main, const std::string& summary);

/// How many they are.
constexpr std::size_t kDelayAttributes = 7;

/// The same for a type of Toxiproxy's that has no jitter there: `jitter` is `is_extra`, too.
std::vector<AttributeType> wait_attributes(const std::string& main, const std::string& summary);

/// How much each of a row of delays is like the one before.
AttributeType correlation_attribute(const std::string& summary);

/// What they say. `set` begins with their values. Errors: kInvalid.
Result<DelayModel> delay_model(const Attributes& set, const SampleTable* samples);

/// A ToxicType's `check` of them, `main` being the name of the first.
std::function<Result<void>(const Attributes&, const SampleTable*)> check_delay(std::string main);

/// What they say, for people: "200 ms (± 20 ms)". `set` begins with their values.
std::string delay_words(const Attributes& set);

/// ", each delay being 30 % like the one before": the words of correlation_attribute(), empty at 0.
std::string correlation_words(const AttributeValue& correlation);

/// The delay of a toxic that waits once on each link, drawn from them.
Duration drawn_wait(const Attributes& set, const StageMemory& memory);

}  // namespace faultline
