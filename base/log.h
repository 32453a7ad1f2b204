#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace faultline {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat { kJson, kText };

/// "trace debug info warn error off", with Toxiproxy's "warning fatal panic
/// disabled" as aliases and any letter case.
Result<LogLevel> parse_log_level(std::string_view text);

/// One key and value of a log line, e.g. {"proxy", name} or {"bytes", 12}.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

/// Starts logging to stderr. A thread of its own does the writing: a caller
/// never waits for a pipe that is full; lines that find no room are counted
/// and dropped. Before this call, and after stop_log(), lines go nowhere.
void start_log(LogLevel level, LogFormat format);

/// Writes what is left, waiting at most a second for a stuck reader, and stops.
void stop_log();

/// Whether a line at `level` would be written: ask before building a costly one.
bool logs(LogLevel level);

/// One line: time (RFC 3339, ms, UTC), level, msg, component and the fields.
/// Any thread. `component` and keys are literals such as "proxy".
void log(LogLevel level, std::string_view component, std::string_view message,
         std::initializer_list<LogField> fields = {});

}  // namespace faultline
