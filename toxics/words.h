#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "toxics/attribute.h"
#include "toxics/direction.h"

namespace faultline {

/// The parts of which a ToxicType's `words` are made. All are for the middle of a sentence.

/// "answers from the server", "requests from the client": what moves on a stream.
std::string words_of_stream(Direction stream);

/// "200 ms", "1.5 s", "20 min", "250 us".
std::string words_of(Duration duration);

/// The same of a number of milliseconds, any.
std::string words_of_milliseconds(std::int64_t milliseconds);

/// Of a probability: "30 %", "0.01 %".
std::string words_of_share(const AttributeValue& share);

/// A share as it is written: "30%". REQUIRES: it is not below 0.
std::string share_text(double share);

/// Of a kDecimal or kProbability as a number: "0.25". REQUIRES: it is not below 0.
std::string words_of_decimal(const AttributeValue& value);

/// "64 KiB", "1.5 MB", "1400 bytes": in the unit that makes it shortest, exactly.
std::string words_of_bytes(std::uint64_t bytes);

/// Of KB/s: "1 MB/s", "250 KB/s".
std::string words_of_rate(std::int64_t kilobytes_per_second);

/// "1 packet", "3 packets".
std::string words_of_count(std::int64_t count, const std::string& what);

}  // namespace faultline
