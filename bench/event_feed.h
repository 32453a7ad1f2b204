#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace faultline::bench {

/// What one subscriber of /v1/events is told, checked as its bytes come in: the
/// head of the answer, then chunks, in them server-sent events.
class EventFeed {
 public:
  /// Of a subscriber who asked for what comes after event `since`.
  explicit EventFeed(std::uint64_t since) : last_(since) {}

  /// The next bytes, cut anywhere.
  void take(std::string_view bytes);

  /// Whether the first comment is there, so that the rest will come, too.
  bool has_begun() const { return has_begun_; }

  /// The number of the last event.
  std::uint64_t last() const { return last_; }

  /// Events before it that did not come.
  std::uint64_t missed() const { return missed_; }

  /// How many other subscribers were dropped, by the events that say so.
  std::size_t drops() const { return drops_; }

  /// What was not as it should be: "HTTP/1.1 503 Service Unavailable"; "" if all was.
  const std::string& fault() const { return fault_; }

 private:
  bool take_head();
  bool take_chunk();
  void take_block(std::string_view block);

  bool has_head_ = false;
  bool has_begun_ = false;
  std::uint64_t last_;
  std::uint64_t missed_ = 0;
  std::size_t drops_ = 0;
  std::string fault_;
  std::string raw_;   // Not yet looked at,
  std::string text_;  // and out of its chunks.
};

}  // namespace faultline::bench
