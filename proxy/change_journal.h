#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proxy/change.h"
#include "proxy/toxic_changeover.h"

namespace faultline {

/// Whom a registry tells of its changes, and on whose behalf they are made at
/// present. On the control thread.
class ChangeJournal {
 public:
  /// Null: nobody is told. `observer` outlives its being set.
  void observe(ChangeObserver* observer) { observer_ = observer; }
  bool is_read() const { return observer_ != nullptr; }

  /// Changes are due to `cause` from now on; returns what they were due to.
  Cause set_cause(Cause cause);

  const Cause& cause() const { return cause_; }

  /// Adds the cause, and tells.
  void tell(Change change) const;

 private:
  ChangeObserver* observer_ = nullptr;
  Cause cause_{};
};

/// What one proxy tells of itself, without the parts of partitions. It collects what several steps
/// of one change did, so that the change is told once.
class ProxyJournal {
 public:
  /// `journal` must outlive it.
  explicit ProxyJournal(ChangeJournal& journal) : journal_(journal) {}

  bool is_read() const { return journal_.is_read(); }

  /// A step has been carried out, and took so long.
  void add_time(Duration took) { took_ += took; }
  /// The connections that `all` has counted were closed; its steps end each toxic.
  void add_closed(const ToxicChangeover& all);

  /// The toxics of a proxy have changed so.
  void tell_toxics(const std::string& proxy, const ToxicChangeover& changeover, Duration took);

  /// The proxy is now as `spec` says: tells of its creation, with its toxics,
  /// or of what has changed, if anything has.
  void tell_proxy(const ProxySpec& spec, const ToxicSet& toxics);

  /// The proxy is no more. Tells only what was told to be there.
  void tell_removal(const ToxicSet& toxics);

 private:
  void forget_steps();

  ChangeJournal& journal_;
  std::optional<ProxySpec> told_{};  // As it was last told, without toxics.
  Duration took_{0};
  std::uint64_t closed_ = 0;
  std::map<std::uint64_t, std::uint64_t> reached_{};  // How many of them, by the toxic's id.
};

}  // namespace faultline
