#pragma once

#include <string>

namespace faultline {

/// The wall clock's time in RFC 3339, UTC, to the millisecond: "2026-01-31T12:00:00.123Z".
std::string timestamp_now();

}  // namespace faultline
