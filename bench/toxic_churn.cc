#include "bench/toxic_churn.h"

#include <cstddef>

namespace faultline::bench {

namespace {

constexpr std::size_t kMostAtOnce = 6;

}  // namespace

const std::vector<ToxicKind>& gentle_toxics() {
  static const std::vector<ToxicKind> kinds = {
      {"latency", {{{"latency", 20}}, {{"latency", 10}, {"jitter", 10}}}},
      {"bandwidth", {{{"rate", 100}}, {{"rate", 50'000}}, {{"rate", 2'000}, {"scope", "proxy"}}}},
      {"slicer",
       {{{"average_size", 1'000}, {"size_variation", 500}, {"delay", 10}},
        {{"average_size", 20'000}}}},
      {"slow_close", {{{"delay", 10}}, {{"delay", 50}}}},
      {"noop", {ToxicAttributes{}}},
  };
  return kinds;
}

const std::vector<ToxicKind>& rough_toxics() {
  static const std::vector<ToxicKind> kinds = {
      {"timeout", {{{"timeout", 0}}, {{"timeout", 20}}}},
      {"limit_data", {{{"bytes", 0}}, {{"bytes", 5'000}}}},
      {"reset_peer", {{{"timeout", 0}}, {{"timeout", 20}}}},
  };
  return kinds;
}

Result<void> ToxicChurn::step() {
  enum class Step { kAdd, kUpdate, kRemove };
  auto next = static_cast<Step>(random_.next() % 3);
  if (present_.empty()) next = Step::kAdd;
  if (next == Step::kAdd && present_.size() >= kMostAtOnce) next = Step::kRemove;
  Result<Duration> called;
  switch (next) {
    case Step::kAdd:
      called = add();
      break;
    case Step::kUpdate: {
      const Present& toxic = any_of(present_);
      called = api_.update_toxic(toxic.name, any_of(toxic.kind->settings));
      break;
    }
    case Step::kRemove:
      called = remove(random_.next() % present_.size());
      break;
  }
  ++calls_;
  if (!called) return Fail(called.error());
  return {};
}

Result<void> ToxicChurn::remove_all() {
  Result<void> all;
  while (!present_.empty()) {
    ++calls_;
    if (auto removed = remove(present_.size() - 1); !removed) all = Fail(removed.error());
  }
  return all;
}

Result<Duration> ToxicChurn::add() {
  const ToxicKind& kind = any_of(kinds_);
  const std::string name = "toxic-" + std::to_string(calls_);
  present_.push_back({name, &kind});
  return api_.add_toxic({.type = kind.type,
                         .attributes = any_of(kind.settings),
                         .name = name,
                         .stream = random_.next() % 2 == 0 ? "upstream" : "downstream",
                         .toxicity = random_.next() % 2 == 0 ? 1 : 0.5});
}

Result<Duration> ToxicChurn::remove(std::size_t which) {
  const std::string name = present_[which].name;
  present_.erase(present_.begin() + static_cast<std::ptrdiff_t>(which));
  return api_.remove_toxic(name);
}

}  // namespace faultline::bench
