#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace faultline {

/// How far a toxic may reach before it ends by itself. What is not set has no limit.
struct ToxicLimits {
  /// It is on so many connections in all, from when it was made; at the next it ends.
  std::optional<std::uint64_t> max_connections{};
  /// It is on no more than this share, 0 to 1, of the connections that its proxy
  /// has at that moment; nor was it, from when it was made, of all it has met (or
  /// of those there are and those it was on, if these are more): one that ends
  /// connections is never on many. Judged as it is put on one more, where that is
  /// a share of ToxicBudget::kFewestJudged or more: of fewer it says little.
  std::optional<double> max_share{};
  /// It holds back so many bytes in all; once it has held more it ends.
  std::optional<std::uint64_t> max_bytes_delayed{};

  bool operator==(const ToxicLimits&) const = default;
};

/// What a toxic has used up of its limits, over all workers. Any thread; without
/// a lock, and only toxics with limits have one.
class ToxicBudget {
 public:
  static constexpr std::uint64_t kFewestJudged = 10;

  /// Told once, on the thread that came to a limit, which one:
  /// "max_connections 5 reached".
  using OnSpent = std::function<void(const std::string& reason)>;

  ToxicBudget(const ToxicLimits& limits, OnSpent on_spent);
  ToxicBudget(const ToxicBudget&) = delete;
  ToxicBudget& operator=(const ToxicBudget&) = delete;

  const ToxicLimits& limits() const { return limits_; }

  /// A limit was reached: the toxic is for nobody any more.
  bool is_spent() const { return is_spent_.load(std::memory_order_relaxed); }

  /// It has met one connection more.
  void note_met() { met_.fetch_add(1, std::memory_order_relaxed); }

  /// Whether it may be put on one more connection, of `live` that the proxy has;
  /// `is_first`: on which it never was. If not, it is spent now. Of several that
  /// ask at once no more are let in than may be.
  bool take(bool is_first, std::uint64_t live);
  /// It is on one connection less, that take() let in.
  void give_back() { on_now_.fetch_sub(1, std::memory_order_relaxed); }

  /// It holds so many bytes more.
  void note_delayed(std::uint64_t bytes);

 private:
  bool is_too_large(std::uint64_t part, std::uint64_t whole) const;
  void spend(const std::string& reason);

  const ToxicLimits limits_;
  const OnSpent on_spent_;
  std::atomic<std::uint64_t> met_{0};
  std::atomic<std::uint64_t> connections_{0};  // Ever asked for.
  std::atomic<std::uint64_t> on_now_{0};
  std::atomic<std::uint64_t> delayed_bytes_{0};
  std::atomic<bool> is_spent_{false};
};

}  // namespace faultline
