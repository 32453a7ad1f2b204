#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace faultline {

/// "5s", "300ms", "1h30m", "1.5s" or "0", as Go writes durations; 100 years at
/// most. A bare number has no unit and is refused. Errors: kInvalid.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// As parse_duration() takes it, exactly: "1h30m", "1m500ms", "1.5s", "250us", "0".
std::string duration_text(std::chrono::nanoseconds duration);

/// "64MiB", "1GiB", "500MB" or bytes: KB, MB, GB are powers of 1000, KiB, MiB,
/// GiB of 1024; any letter case. Errors: kInvalid.
Result<std::size_t> parse_size(std::string_view text);

/// Bytes a second: "10mbit", "512kbit", "1MB/s", "512KiB/s". "10mbps" is refused:
/// tc means bytes by it, everybody else bits. Errors: kInvalid.
Result<double> parse_rate(std::string_view text);

}  // namespace faultline
