#include "base/log.h"

#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

#include "base/timestamp.h"
#include "base/verify.h"

namespace faultline {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kQueuedLines = 8192;
constexpr std::chrono::seconds kStopPatience{1};
/// poll() promises that a pipe takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;

constexpr std::array<std::string_view, 5> kLevelNames = {"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 5> kLevelColours = {"\x1b[2m", "\x1b[2m", "\x1b[32m",
                                                           "\x1b[33m", "\x1b[31m"};

std::string_view level_name(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

/// Length of the UTF-8 character `text` begins with, 0 if it begins with none (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  // The second byte's range excludes overlong forms, surrogates and what lies past U+10FFFF.
  const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  return length;
}

/// The inside of a JSON string. Whatever bytes come in, one line of valid UTF-8 goes out.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  while (!text.empty()) {
    const char c = text.front();
    std::size_t taken = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 15U];
    } else if (const std::size_t length = utf8_length(text); length > 0) {
      out += text.substr(0, length);
      taken = length;
    } else {
      out += "\xef\xbf\xbd";  // U+FFFD, the replacement character.
    }
    text.remove_prefix(taken);
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

/// A number or truth value as JSON has it; what JSON has no number for is null.
struct AppendValue {
  std::string& out;

  void operator()(std::string_view text) const { append_quoted(out, text); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(double value) const {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), end.ptr);
  }
};

bool reads_unquoted(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isgraph(c) != 0 && c != '"' && c != '\\' && c != '=';
  });
}

std::string json_line(LogLevel level, std::string_view component, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = R"({"time":")" + timestamp_now() + R"(","level":")";
  line += level_name(level);
  line += R"(","msg":)";
  append_quoted(line, message);
  line += R"(,"component":)";
  append_quoted(line, component);
  for (const LogField& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    std::visit(AppendValue{line}, field.value);
  }
  line += "}\n";
  return line;
}

std::string text_line(LogLevel level, std::string_view component, std::string_view message,
                      std::initializer_list<LogField> fields, bool coloured) {
  const std::string_view reset = coloured ? "\x1b[0m" : "";
  const std::string_view dim = coloured ? "\x1b[2m" : "";
  std::string line = std::string(dim) + timestamp_now() + std::string(reset) + ' ';
  if (coloured) line += kLevelColours[static_cast<std::size_t>(level)];
  line += level_name(level);
  line += reset;
  line.append(kLevelNames.back().size() - level_name(level).size() + 1, ' ');
  line += component;
  line += ": ";
  append_escaped(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += dim;
    line += field.key;
    line += '=';
    line += reset;
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && reads_unquoted(*text)) {
      line += *text;
    } else {
      std::visit(AppendValue{line}, field.value);
    }
  }
  line += '\n';
  return line;
}

/// Writes finished lines to stderr, for as long as its reader takes them.
/// Lives on the writing thread, but for give_up_at().
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// From this time on, a reader that does not read costs the line. Any thread.
  void give_up_at(Clock::time_point deadline) {
    deadline_.store(deadline.time_since_epoch().count());
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    std::string_view rest(line.payload.data(), line.payload.size());
    while (!rest.empty()) {
      if (!wait_for_room()) return;
      const ssize_t written =
          ::write(STDERR_FILENO, rest.data(), std::min(rest.size(), kPieceBytes));
      if (written < 0 && errno != EINTR && errno != EAGAIN) return;  // Nobody reads any more.
      if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush_() override {}

 private:
  /// False once the deadline has passed and there still is no room.
  bool wait_for_room() {
    constexpr int kLookAgainMs = 50;  // The deadline may be set while we wait.
    while (true) {
      const Clock::time_point deadline{Clock::duration(deadline_.load())};
      pollfd target{STDERR_FILENO, POLLOUT, 0};
      if (::poll(&target, 1, Clock::now() < deadline ? kLookAgainMs : 0) > 0) return true;
      if (Clock::now() >= deadline) return false;
    }
  }

  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
};

/// The one log of the process.
struct Log {
  LogFormat format = LogFormat::kJson;
  bool coloured = false;
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::async_logger> lines;
  std::atomic<std::size_t> overruns_told{0};
};

std::atomic<LogLevel> threshold{LogLevel::kOff};
std::shared_mutex log_mutex;  // Guards current_log: held shared while a line is queued.
std::unique_ptr<Log> current_log;

std::string format_line(const Log& log, LogLevel level, std::string_view component,
                        std::string_view message, std::initializer_list<LogField> fields) {
  return log.format == LogFormat::kJson
             ? json_line(level, component, message, fields)
             : text_line(level, component, message, fields, log.coloured);
}

void queue_line(Log& log, const std::string& line) {
  log.lines->log(spdlog::level::critical, spdlog::string_view_t(line.data(), line.size()));
}

/// Says that lines were dropped, once the queue has room again.
void tell_overruns(Log& log) {
  const std::size_t overruns = log.writer->overrun_counter();
  std::size_t told = log.overruns_told.load();
  if (overruns == told || log.writer->queue_size() > kQueuedLines / 2) return;
  if (!log.overruns_told.compare_exchange_strong(told, overruns)) return;
  queue_line(log,
             format_line(log, LogLevel::kWarn, "log", "lines dropped, stderr is read too slowly",
                         {{"lines", static_cast<std::int64_t>(overruns - told)}}));
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  static constexpr std::pair<std::string_view, LogLevel> kNames[] = {
      {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug},  {"info", LogLevel::kInfo},
      {"warn", LogLevel::kWarn},   {"warning", LogLevel::kWarn}, {"error", LogLevel::kError},
      {"fatal", LogLevel::kError}, {"panic", LogLevel::kError},  {"off", LogLevel::kOff},
      {"disabled", LogLevel::kOff}};
  for (const auto& [name, level] : kNames) {
    if (std::equal(text.begin(), text.end(), name.begin(), name.end(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) == b;
        })) {
      return level;
    }
  }
  return fail(ErrorKind::kInvalid,
              "no log level `" + std::string(text) + "`: trace, debug, info, warn, error or off");
}

void start_log(LogLevel level, LogFormat format) {
  auto log = std::make_unique<Log>();
  log->format = format;
  log->coloured = isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  log->sink = std::make_shared<StderrSink>();
  log->writer = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  log->lines = std::make_shared<spdlog::async_logger>(
      "faultline", log->sink, log->writer, spdlog::async_overflow_policy::overrun_oldest);
  const std::unique_lock guard(log_mutex);
  VERIFY(current_log == nullptr);
  current_log = std::move(log);
  threshold.store(level);
}

void stop_log() {
  threshold.store(LogLevel::kOff);
  std::unique_ptr<Log> stopped;
  {
    const std::unique_lock guard(log_mutex);
    stopped = std::move(current_log);
  }
  if (stopped == nullptr) return;
  stopped->sink->give_up_at(Clock::now() + kStopPatience);
  stopped->writer.reset();  // Joins the thread, which writes what is queued first.
}

bool logs(LogLevel level) {
  const LogLevel least = threshold.load(std::memory_order_relaxed);
  return least != LogLevel::kOff && level >= least;
}

void log(LogLevel level, std::string_view component, std::string_view message,
         std::initializer_list<LogField> fields) {
  VERIFY(level != LogLevel::kOff);
  if (!logs(level)) return;
  const std::shared_lock guard(log_mutex);
  if (current_log == nullptr) return;
  tell_overruns(*current_log);
  queue_line(*current_log, format_line(*current_log, level, component, message, fields));
}

}  // namespace faultline
