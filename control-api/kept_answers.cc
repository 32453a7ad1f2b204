#include "control-api/kept_answers.h"

#include <algorithm>

#include "base/random.h"

namespace faultline {

std::uint64_t KeptAnswers::request_number(const HttpRequest& request) {
  return derive_key(derive_key(derive_key(0, request.method), request.target), request.body);
}

Result<const HttpResponse*> KeptAnswers::find(const std::string& key, std::uint64_t request) const {
  const bool is_printable =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (key.empty() || key.size() > kLongestKey || !is_printable) {
    return fail(ErrorKind::kMalformed,
                "Idempotency-Key must be 1 to 255 printable characters without blanks");
  }
  const auto found = kept_.find(key);
  if (found == kept_.end()) return nullptr;
  if (found->second.request == request) return &found->second.answer;
  return fail(ErrorKind::kInvalid, "this Idempotency-Key came with another request: use a new one");
}

void KeptAnswers::keep(const std::string& key, std::uint64_t request, const HttpResponse& answer) {
  if (answer.body.size() > kMostBytes) return;
  bytes_ += answer.body.size();
  while (order_.size() >= kMost || bytes_ > kMostBytes) {
    const auto oldest = kept_.find(order_.front());
    bytes_ -= oldest->second.answer.body.size();
    kept_.erase(oldest);
    order_.pop_front();
  }
  kept_.emplace(key, Kept{request, {answer.status, answer.headers, answer.body}});
  order_.push_back(key);
}

}  // namespace faultline
