#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "base/random.h"
#include "proxy/greeting.h"
#include "tests/support/hashing.h"

namespace faultline::test {

/// What a greeting has made of some bytes.
struct Heard {
  Greeting::Status status = Greeting::Status::kNeedsMore;
  std::string replies{};
  std::string reason{};
  std::string rest{};  ///< What it has left.
  Introduction introduction{};

  bool is_done() const { return status == Greeting::Status::kDone; }
  bool is_refused() const { return status == Greeting::Status::kRefused; }
};

/// Feeds `bytes` to `greeting` in pieces of that size.
inline Heard hear(Greeting& greeting, std::string_view bytes, std::size_t piece) {
  Heard heard;
  std::size_t at = 0;
  while (at < bytes.size() && heard.status == Greeting::Status::kNeedsMore) {
    const std::string_view next = bytes.substr(at, piece);
    const Greeting::Step step = greeting.feed(next, heard.introduction);
    REQUIRE(step.used <= next.size());
    if (step.status == Greeting::Status::kNeedsMore) REQUIRE(step.used == next.size());
    if (step.status == Greeting::Status::kRefused) REQUIRE_FALSE(step.reason.empty());
    at += step.used;
    heard.status = step.status;
    heard.replies += step.reply;
    heard.reason = step.reason;
  }
  heard.rest = bytes.substr(at);
  return heard;
}

/// What a new `Kind` of greeting makes of `bytes`, the same whether they come at
/// once or one by one.
template <class Kind>
Heard hear(std::string_view bytes) {
  Kind at_once;
  Heard heard = hear(at_once, bytes, std::string_view::npos);
  for (const std::size_t piece : {1, 3}) {
    Kind greeting;
    const Heard other = hear(greeting, bytes, piece);
    REQUIRE(other.status == heard.status);
    REQUIRE(other.replies == heard.replies);
    if (heard.is_done()) REQUIRE(other.rest == heard.rest);
    REQUIRE(other.introduction.destination == heard.introduction.destination);
    REQUIRE(other.introduction.client_name == heard.introduction.client_name);
    REQUIRE(to_string(other.introduction.client) == to_string(heard.introduction.client));
  }
  return heard;
}

/// Each beginning of `bytes`, which are a greeting, asks for more.
template <class Kind>
void check_truncations(std::string_view bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size << " of " << bytes.size());
    REQUIRE(hear<Kind>(bytes.substr(0, size)).status == Greeting::Status::kNeedsMore);
  }
  REQUIRE(hear<Kind>(bytes).is_done());
}

/// `bytes` with random changes, and random bytes: whatever comes of it, it is the same in pieces.
template <class Kind>
void check_garbage(std::string_view bytes) {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(bytes);
    for (int change = i % 4; change > 0; --change) {
      const auto at =
          static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(text.size()) - 1));
      text[at] = static_cast<char>(random.next());
    }
    hear<Kind>(text + noise(static_cast<std::size_t>(random.between(0, 40)), random.next()));
    hear<Kind>(noise(static_cast<std::size_t>(random.between(0, 600)), random.next()));
  }
}

}  // namespace faultline::test
