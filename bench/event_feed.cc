#include "bench/event_feed.h"

#include <algorithm>
#include <charconv>

namespace faultline::bench {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kBlockEnd = "\n\n";
constexpr int kHex = 16;

/// The line of `block` that begins with `name`, without it; "" if there is none.
std::string_view field(std::string_view block, std::string_view name) {
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t end = std::min(block.find('\n', at), block.size());
    const std::string_view line = block.substr(at, end - at);
    if (line.starts_with(name)) return line.substr(name.size());
    at = end + 1;
  }
  return {};
}

}  // namespace

void EventFeed::take(std::string_view bytes) {
  raw_ += bytes;
  if (!has_head_ && !take_head()) return;
  while (fault_.empty() && take_chunk()) {
  }
  std::size_t done = 0;
  for (std::size_t end = 0; (end = text_.find(kBlockEnd, done)) != std::string::npos;) {
    take_block(std::string_view(text_).substr(done, end - done));
    done = end + kBlockEnd.size();
  }
  text_.erase(0, done);
}

/// False if it is not all there.
bool EventFeed::take_head() {
  const std::size_t end = raw_.find(kHeadEnd);
  if (end == std::string::npos) return false;
  if (!raw_.starts_with("HTTP/1.1 200 ")) fault_ = raw_.substr(0, raw_.find(kLineEnd));
  raw_.erase(0, end + kHeadEnd.size());
  has_head_ = true;
  return true;
}

/// False if it is not all there.
bool EventFeed::take_chunk() {
  const std::size_t line = raw_.find(kLineEnd);
  if (line == std::string::npos) return false;
  std::size_t size = 0;
  const auto parsed = std::from_chars(raw_.data(), raw_.data() + line, size, kHex);
  if (parsed.ptr != raw_.data() + line) {
    fault_ = "not a chunk: " + raw_.substr(0, line);
    return false;
  }
  const std::size_t start = line + kLineEnd.size();
  if (raw_.size() < start + size + kLineEnd.size()) return false;
  text_.append(raw_, start, size);
  raw_.erase(0, start + size + kLineEnd.size());
  return true;
}

void EventFeed::take_block(std::string_view block) {
  has_begun_ = true;
  const std::string_view type = field(block, "event: ");
  if (type.empty()) return;  // A comment.
  if (type == "events.missed") fault_ = "the server says that events were missed";
  if (type == "subscriber.dropped") ++drops_;
  const std::string_view id = field(block, "id: ");
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  if (number == 0) return;
  if (number <= last_) fault_ = "event " + std::string(id) + " came after " + std::to_string(last_);
  if (number > last_ + 1) missed_ += number - last_ - 1;
  last_ = number;
}

}  // namespace faultline::bench
