#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/result.h"
#include "control-api/http_message.h"

namespace faultline {

/// The answers to requests that had an Idempotency-Key: a client that did not hear the answer
/// sends the same again, and it is not done twice (the field of draft-ietf-httpapi-
/// idempotency-key-header). Only what was done is kept: a refusal is looked at anew.
class KeptAnswers {
 public:
  static constexpr std::size_t kMost = 1000;            ///< The oldest is forgotten for another.
  static constexpr std::size_t kMostBytes = 4UL << 20;  ///< Of all bodies together.
  static constexpr std::size_t kLongestKey = 255;

  /// The number of a request that `key` comes with: the same for the same request.
  static std::uint64_t request_number(const HttpRequest& request);

  /// The answer to the request of that number; null if it is new. Errors: kMalformed, it is no
  /// key; kInvalid, the key came with another request.
  Result<const HttpResponse*> find(const std::string& key, std::uint64_t request) const;

  /// `key` is new. An answer larger than all that may be kept is not kept.
  void keep(const std::string& key, std::uint64_t request, const HttpResponse& answer);

 private:
  struct Kept {
    std::uint64_t request;
    HttpResponse answer;
  };

  std::map<std::string, Kept> kept_;
  std::deque<std::string> order_;  // Their keys, the oldest first.
  std::size_t bytes_ = 0;
};

}  // namespace faultline
