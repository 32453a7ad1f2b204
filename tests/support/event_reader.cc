#include "tests/support/event_reader.h"

#include <algorithm>
#include <stdexcept>

namespace faultline::test {

EventReader::EventReader(const std::string& address, const std::string& query,
                         const Headers& headers)
    : socket_(Socket::connect(address)) {
  std::string request = "GET /v1/events" + query + " HTTP/1.1\r\nHost: " + address + "\r\n";
  for (const auto& [key, value] : headers) request.append(key + ": " + value + "\r\n");
  socket_.send(request + "\r\n");
  while (raw_.find("\r\n\r\n") == std::string::npos) {
    const Received some = socket_.receive_some(65536);
    if (some.bytes.empty()) throw std::runtime_error("no answer to a subscriber");
    raw_ += some.bytes;
  }
  if (raw_.rfind("HTTP/1.1 200 ", 0) != 0 ||
      raw_.find("Content-Type: text/event-stream") == std::string::npos) {
    throw std::runtime_error("not a stream of events: " + raw_);
  }
  raw_.erase(0, raw_.find("\r\n\r\n") + 4);
  unchunk();
  next_block(kPatience);  // A comment: by then the stream knows where it begins.
}

std::optional<SentEvent> EventReader::next(milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const auto block = next_block(std::max(left, milliseconds(0)));
    if (!block) return std::nullopt;
    SentEvent event;
    std::size_t at = 0;
    while (at < block->size()) {
      const std::size_t end = block->find('\n', at);
      const std::string line = block->substr(at, end - at);
      if (line.rfind("id: ", 0) == 0) event.id = line.substr(4);
      if (line.rfind("event: ", 0) == 0) event.type = line.substr(7);
      if (line.rfind("data: ", 0) == 0) event.data = line.substr(6);
      at = end + 1;
    }
    if (!event.data.empty()) return event;
  }
}

/// Up to the empty line behind it, which is not in it.
std::optional<std::string> EventReader::next_block(milliseconds patience) {
  const auto until = Clock::now() + patience;
  std::size_t end = 0;
  while ((end = text_.find("\n\n")) == std::string::npos) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    if (!fill(std::max(left, milliseconds(0)))) return std::nullopt;
  }
  std::string block = text_.substr(0, end + 1);
  text_.erase(0, end + 2);
  return block;
}

bool EventReader::fill(milliseconds patience) {
  const Received some = socket_.receive_some(16384, patience);
  if (some.ending != Ending::kOpen) ending_ = some.ending;
  raw_ += some.bytes;
  unchunk();
  return !some.bytes.empty();
}

void EventReader::unchunk() {
  for (;;) {
    const std::size_t line = raw_.find("\r\n");
    if (line == std::string::npos) return;
    const std::size_t size = std::stoul(raw_.substr(0, line), nullptr, 16);
    if (raw_.size() < line + 2 + size + 2) return;
    text_ += raw_.substr(line + 2, size);
    raw_.erase(0, line + 2 + size + 2);
  }
}

}  // namespace faultline::test
