#include "toxics/toxic_budget.h"

#include <algorithm>
#include <utility>

#include "toxics/words.h"

namespace faultline {

ToxicBudget::ToxicBudget(const ToxicLimits& limits, OnSpent on_spent)
    : limits_(limits), on_spent_(std::move(on_spent)) {}

bool ToxicBudget::take(bool is_first, std::uint64_t live) {
  if (is_spent()) return false;
  const std::uint64_t ever = connections_.fetch_add(is_first ? 1 : 0) + (is_first ? 1 : 0);
  if (const auto& most = limits_.max_connections; most && is_first && ever > *most) {
    spend("max_connections " + std::to_string(*most) + " reached");
    return false;
  }
  const std::uint64_t on = on_now_.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t was_on = ever - std::min(ever, on);
  const std::uint64_t all = std::max(met_.load(std::memory_order_relaxed), live + was_on);
  if (is_too_large(on, live) || (is_first && is_too_large(ever, all))) {
    give_back();
    spend("max_share " + share_text(*limits_.max_share) + " reached");
    return false;
  }
  return true;
}

bool ToxicBudget::is_too_large(std::uint64_t part, std::uint64_t whole) const {
  return limits_.max_share && whole >= kFewestJudged &&
         static_cast<double>(part) > *limits_.max_share * static_cast<double>(whole);
}

void ToxicBudget::note_delayed(std::uint64_t bytes) {
  const auto& most = limits_.max_bytes_delayed;
  if (!most) return;
  if (delayed_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= *most) return;
  if (!is_spent()) spend("max_bytes_delayed " + std::to_string(*most) + " reached");
}

void ToxicBudget::spend(const std::string& reason) {
  if (!is_spent_.exchange(true)) on_spent_(reason);
}

}  // namespace faultline
