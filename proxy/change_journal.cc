#include "proxy/change_journal.h"

#include <utility>

#include "base/log.h"

namespace faultline {

namespace {

std::uint64_t applied_by(const LiveToxic& toxic) {
  std::uint64_t applied = 0;
  for (const ToxicCounters& counters : *toxic.counters) {
    applied += counters.applied.load(std::memory_order_relaxed);
  }
  return applied;
}

Change change_of_toxic(const std::string& proxy, const LiveToxic* before, const LiveToxic* after) {
  Change change;
  change.kind = before == nullptr  ? Change::Kind::kToxicStarted
                : after == nullptr ? Change::Kind::kToxicEnded
                                   : Change::Kind::kToxicChanged;
  const LiveToxic& toxic = after == nullptr ? *before : *after;
  change.proxy = proxy;
  change.toxic = toxic.spec.name;
  change.fault = toxic.id;
  if (before != nullptr) change.toxic_before = spec_of(*before);
  if (after != nullptr) change.toxic_after = spec_of(*after);
  if (after == nullptr && !before->acts_on_listener()) change.applied = applied_by(*before);
  return change;
}

}  // namespace

Cause ChangeJournal::set_cause(Cause cause) {
  return std::exchange(cause_, std::move(cause));
}

void ChangeJournal::tell(Change change) const {
  if (observer_ == nullptr) return;
  change.cause = cause_;
  if (change.applied == 0U && !change.toxic_before->reach.shadow) {
    log(LogLevel::kWarn, "toxic", "it has ended and never did anything to a connection",
        {{"proxy", change.proxy}, {"toxic", change.toxic}, {"cause", cause_.by}});
  }
  observer_->on_change(change);
}

void ProxyJournal::add_closed(const ToxicChangeover& all) {
  closed_ += all.connections();
  for (std::size_t i = 0; i < all.steps().size(); ++i) {
    reached_[all.steps()[i].before->id] += all.reached(i);
  }
}

void ProxyJournal::tell_toxics(const std::string& proxy, const ToxicChangeover& changeover,
                               Duration took) {
  if (!is_read() || !told_) return;
  for (std::size_t i = 0; i < changeover.steps().size(); ++i) {
    const ToxicChangeover::Step& step = changeover.steps()[i];
    if ((step.before == nullptr ? step.after : step.before)->spec.part) continue;
    Change change = change_of_toxic(proxy, step.before, step.after);
    change.connections = changeover.reached(i);
    change.took = took;
    journal_.tell(std::move(change));
  }
}

void ProxyJournal::tell_proxy(const ProxySpec& spec, const ToxicSet& toxics) {
  ProxySpec now{.name = spec.name,
                .listen = spec.listen,
                .upstream = spec.upstream,
                .protocols = spec.protocols,
                .enabled = spec.enabled,
                .zone = spec.zone,
                .client_zone = spec.client_zone,
                .toxics = {}};
  const std::optional<ProxySpec> before = std::exchange(told_, now);
  if (before != now) {
    Change change;
    change.kind = before ? Change::Kind::kProxyChanged : Change::Kind::kProxyCreated;
    change.proxy = spec.name;
    change.proxy_before = before;
    change.proxy_after = std::move(now);
    change.connections = closed_;
    change.took = took_;
    journal_.tell(std::move(change));
  }
  if (!before) {
    for (const LiveToxic& toxic : toxics) {
      if (toxic.spec.part) continue;
      Change change = change_of_toxic(spec.name, nullptr, &toxic);
      change.took = took_;
      journal_.tell(std::move(change));
    }
  }
  forget_steps();
}

void ProxyJournal::tell_removal(const ToxicSet& toxics) {
  if (!told_) return;
  for (const LiveToxic& toxic : toxics) {
    if (toxic.spec.part) continue;
    Change change = change_of_toxic(told_->name, &toxic, nullptr);
    change.connections = reached_[toxic.id];
    change.took = took_;
    journal_.tell(std::move(change));
  }
  Change change;
  change.kind = Change::Kind::kProxyRemoved;
  change.proxy = told_->name;
  change.proxy_before = told_;
  change.connections = closed_;
  change.took = took_;
  journal_.tell(std::move(change));
}

void ProxyJournal::forget_steps() {
  took_ = Duration(0);
  closed_ = 0;
  reached_.clear();
}

}  // namespace faultline
