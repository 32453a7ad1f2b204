#include "control-api/event_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "control-api/json_reader.h"
#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

/// What is read of the end of a file at first, and at the most: the last line is
/// in it, unless the file is no log.
constexpr off_t kFirstLook = 64L << 10;
constexpr off_t kLastLook = 64L << 20;

/// What a reader of the log wants to know of one line.
struct Line {
  std::uint64_t seq = 0;
  bool stops_server = false;
};

/// Nothing if it is no event.
std::optional<Line> read_event_line(std::string_view text) {
  const auto document = parse_json(text);
  const auto* object = document ? document->as<Document::Object>() : nullptr;
  if (object == nullptr) return std::nullopt;
  std::optional<Line> line;
  for (const auto& [key, value] : *object) {
    // What was dropped had numbers, too.
    const auto* number = key == "seq" || key == "to" ? value.as<std::int64_t>() : nullptr;
    if (number != nullptr && *number > 0 && !line) {
      line = Line{static_cast<std::uint64_t>(*number), false};
    }
    const auto* type = key == "type" ? value.as<std::string>() : nullptr;
    if (line && type != nullptr) line->stops_server = *type == "server.stopped";
  }
  return line;
}

/// Whether the log's writer may have begun a line so, or a crash of the machine
/// have left this in its place.
bool may_be_torn(std::string_view line) {
  for (const std::string_view start : {R"({"seq":)", R"({"type":"log.dropped")"}) {
    const std::size_t common = std::min(start.size(), line.size());
    if (line.substr(0, common) == start.substr(0, common)) return true;
  }
  return line.find_first_not_of('\0') == std::string_view::npos;
}

Fail cannot(const std::string& what) {
  return fail(ErrorKind::kInvalid, "cannot be " + what + ": " + std::strerror(errno));
}

Fail no_event_log() {
  return fail(ErrorKind::kInvalid, "there is something else in this file than an event log");
}

/// The last `count` bytes, or fewer if the file has shrunk.
Result<std::string> read_end(int fd, off_t size, off_t count) {
  std::string text(static_cast<std::size_t>(count), '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t more =
        pread(fd, text.data() + got, text.size() - got, size - count + static_cast<off_t>(got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return cannot("read");
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  text.resize(got);
  return text;
}

/// Completes or removes the last line of `text`, which ends the file. Returns
/// what was done.
Result<std::string> mend(int fd, off_t size, std::string& text) {
  const std::size_t start = text.rfind('\n') + 1;  // 0 if there is none.
  const std::string_view torn = std::string_view(text).substr(start);
  if (torn.empty()) return "";
  if (!may_be_torn(torn)) return no_event_log();
  if (read_event_line(torn)) {
    if (pwrite(fd, "\n", 1, size) != 1) return cannot("written");
    text += '\n';
    return "the last line lacked its end";
  }
  const std::string what =
      "a torn last line of " + std::to_string(torn.size()) + " bytes was removed";
  if (ftruncate(fd, size - static_cast<off_t>(torn.size())) != 0) return cannot("written");
  text.resize(start);
  return what;
}

/// The last event among the lines of `text`.
std::optional<Line> last_event(std::string_view text) {
  while (!text.empty()) {
    text.remove_suffix(1);  // Its end.
    const std::size_t start = text.rfind('\n') + 1;
    if (const auto line = read_event_line(text.substr(start))) return line;
    text = text.substr(0, start);
  }
  return std::nullopt;
}

/// Nothing if the file holds no line.
Result<std::optional<EventTail>> mend_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  if (!file.is_open()) return cannot("opened");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return cannot("read");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::kInvalid, "is not a regular file");

  const off_t size = status.st_size;
  for (off_t look = kFirstLook;; look *= 4) {
    const bool is_all = look >= size;
    auto text = read_end(file.get(), size, std::min(look, size));
    if (!text) return Fail(text.error());
    if (!is_all) {  // Begin with a whole line, if there is one.
      const std::size_t end = text->find('\n');
      text->erase(0, end == std::string::npos ? text->size() : end + 1);
    }
    const std::size_t whole_lines = text->rfind('\n') + 1;
    const bool has_event = last_event(std::string_view(*text).substr(0, whole_lines)).has_value();
    if (!has_event && !is_all && look < kLastLook) continue;
    if (!has_event && (!is_all || whole_lines > 0)) return no_event_log();
    auto mended = mend(file.get(), size, *text);
    if (!mended) return Fail(mended.error());
    const auto last = last_event(*text);
    if (!last && mended->empty()) return std::nullopt;
    EventTail tail{.mended = *std::move(mended)};
    if (last) tail.last_seq = last->seq;
    if (last) tail.is_orderly = last->stops_server;
    return tail;
  }
}

}  // namespace

Result<EventTail> mend_event_log(const std::string& path) {
  auto tail = mend_file(path);
  if (!tail) return within(path, tail.error());
  if (*tail && (*tail)->last_seq > 0) return **std::move(tail);
  auto earlier = mend_file(path + ".1");
  if (!earlier) return within(path + ".1", earlier.error());
  EventTail found = (*earlier).value_or(EventTail());
  if (*tail && !(*tail)->mended.empty()) found.mended = (*tail)->mended;
  return found;
}

}  // namespace faultline
