#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/connection_counter.h"

namespace faultline {

/// What becomes of a proxy's toxics when one set replaces another, and how many
/// open connections each of those changes reaches, counted by every worker for
/// itself.
class ToxicChangeover final : public ConnectionCounter {
 public:
  /// A toxic as it was and as it will be. Null: it starts, or it ends.
  struct Step {
    const LiveToxic* before;
    const LiveToxic* after;
  };

  /// Both sets must outlive it.
  ToxicChangeover(const ToxicSet& before, const ToxicSet& after, std::size_t workers);

  /// What ends first, then what changes and starts; what stays as it was is not in it.
  const std::vector<Step>& steps() const { return steps_; }
  /// Whether a connection's client matters to count().
  bool needs_client() const override { return needs_client_; }
  bool needs_destination() const override { return needs_destination_; }

  /// On the thread of that worker, before the new set is in force.
  void count(std::size_t worker, const ConnectionIdentity& connection, TimePoint now) override;

  /// How many connections a step reaches; of a toxic with limits that starts, or that they have
  /// ended, those that it was put on. REQUIRES: all workers have counted, the new set is in force.
  std::uint64_t reached(std::size_t step) const;
  /// How many there are. REQUIRES: the same.
  std::uint64_t connections() const;

 private:
  struct Counts {
    std::uint64_t connections = 0;
    std::vector<std::uint64_t> reached;  // One for each step.
  };

  std::vector<Step> steps_;
  bool needs_client_ = false;
  bool needs_destination_ = false;
  std::vector<Counts> counts_;  // One for each worker.
};

/// The toxic as its users see it, with the engine that carries it out.
ToxicSpec spec_of(const LiveToxic& toxic);

}  // namespace faultline
