#include "bench/truth/ground_truth.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/child.h"
#include "bench/metric.h"
#include "bench/truth/answerer.h"
#include "bench/truth/distribution.h"
#include "bench/truth/emulator.h"
#include "bench/truth/network_namespace.h"
#include "bench/truth/tcp.h"

namespace faultline::bench::truth {

namespace {

constexpr const char* kSide = "ground truth";
constexpr std::uint16_t kPort = 7000;
constexpr double kLateMs = 1;  // What is late by more falsifies figures.
constexpr double kMostLossForMedian = 0.3;

/// 10.77.CELL.1 is the client's end of a link, 10.77.CELL.2 the server's.
std::uint32_t address_of(std::size_t cell, std::uint32_t end) {
  return 0x0a4d0000U + (static_cast<std::uint32_t>(cell) << 8U) + end;
}

/// Two networks with their links, a server in one of them, and the emulator.
class World {
 public:
  using RateOf = std::function<double(const Cell&)>;

  static Result<std::unique_ptr<World>> make(const Task& task, const RateOf& rate_of) {
    auto clients = NetworkNamespace::create();
    if (!clients) return Fail(clients.error());
    auto servers = NetworkNamespace::create();
    if (!servers) return Fail(servers.error());
    std::unique_ptr<World> world(new World(*std::move(clients), *std::move(servers)));
    for (const Cell& cell : task.cells) {
      if (auto added = world->add_link(link_settings(cell, task.kind, rate_of(cell))); !added) {
        return Fail(added.error());
      }
      world->targets_.push_back(
          {.cell = cell, .to = {.address = address_of(world->targets_.size(), 2), .port = kPort}});
    }
    if (auto served = world->serve(task.loads.congestion); !served) return Fail(served.error());
    auto emulator = EmulatorProcess::start(world->links_, task.loads.seed);
    if (!emulator) return Fail(emulator.error());
    world->emulator_ = *std::move(emulator);
    return world;
  }

  const NetworkNamespace& clients() const { return clients_; }
  const std::vector<LoadTarget>& targets() const { return targets_; }
  EmulatorProcess& emulator() { return *emulator_; }

 private:
  World(NetworkNamespace clients, NetworkNamespace servers)
      : clients_(std::move(clients)), servers_(std::move(servers)) {}

  Result<void> add_link(const LinkSettings& settings) {
    const std::string name = "link" + std::to_string(links_.size());
    auto near = clients_.add_tun(name, address_of(links_.size(), 1));
    if (!near) return Fail(near.error());
    auto far = servers_.add_tun(name, address_of(links_.size(), 2));
    if (!far) return Fail(far.error());
    links_.push_back(
        {.client_device = near->get(), .server_device = far->get(), .settings = settings});
    devices_.push_back(*std::move(near));
    devices_.push_back(*std::move(far));
    return {};
  }

  Result<void> serve(const std::string& congestion) {
    const NetworkNamespace::Visit visit(servers_);
    auto listener = listen_on({.address = INADDR_ANY, .port = kPort}, congestion);
    if (!listener) return Fail(listener.error());
    auto child = Answerer::fork_off(*std::move(listener));
    if (!child) return Fail(child.error());
    server_ = *std::move(child);
    return {};
  }

  const NetworkNamespace clients_;
  const NetworkNamespace servers_;
  std::vector<FileDescriptor> devices_;
  std::vector<EmulatedLink> links_;
  std::vector<LoadTarget> targets_;
  Child server_;
  std::unique_ptr<EmulatorProcess> emulator_;
};

/// One kind of loads, and which share of packets must not be late for it: a
/// quantile of echoes is spoilt by single ones, a flow's rate by many.
struct Phase {
  const char* name;
  double share_in_time;
  World::RateOf rate_of;
  void (*run)(const std::vector<LoadTarget>&, const LoadSettings&, std::vector<CellSamples>&);
};

void note_emulator(const Phase& phase, const EmulatorCounters& counters, Measurement& measurement) {
  const auto late = [&](double share) { return milliseconds(counters.lateness.quantile(share)); };
  const std::string where = std::string("emulator, ") + phase.name + ": ";
  measurement.notes.push_back(
      where + std::to_string(counters.carried) + " packets carried, " +
      std::to_string(counters.lost) + " lost, " + std::to_string(counters.queue_full) +
      " dropped by full queues; late by " + format_number(late(0.5)) + " ms in the median, " +
      format_number(late(0.9)) + " ms at p90, " + format_number(late(0.99)) + " ms at p99, " +
      format_number(late(0.999)) + " ms at p99.9, " + format_number(late(1)) + " ms at most");
  if (late(phase.share_in_time) > kLateMs) {
    measurement.doubts.push_back(where + "more than " +
                                 format_number((1 - phase.share_in_time) * 100) +
                                 " % of packets were late by a millisecond or more; "
                                 "the machine is too busy");
  }
  if (const std::uint64_t dropped = counters.overflows + counters.refused; dropped > 0) {
    measurement.problems.push_back(where + std::to_string(dropped) +
                                   " packets were dropped that nobody asked to drop");
  }
}

/// An echo on an idle connection takes one RTT, unless its answer is lost. More
/// than that, in the median, was spent waiting for a processor.
void note_slow_echoes(const Task& task, Measurement& measurement) {
  for (std::size_t i = 0; i < task.cells.size(); ++i) {
    const Cell& cell = task.cells[i];
    const Distribution echoes(measurement.samples[i].echo);
    if (echoes.is_empty() || cell.loss > kMostLossForMedian) continue;
    const double beyond = echoes.quantile(0.5) - cell.rtt_ms;
    if (beyond <= std::max(kLateMs, kSlack.share * cell.rtt_ms)) continue;
    measurement.doubts.push_back(std::string(kSide) + ", " + cell.label() +
                                 ": a median echo took " + format_number(beyond) +
                                 " ms more than the RTT; the machine is too busy");
  }
}

Result<void> run_phase(const Phase& phase, const Task& task, Measurement& measurement) {
  auto world = World::make(task, phase.rate_of);
  if (!world) return Fail(world.error());
  {
    const NetworkNamespace::Visit visit((*world)->clients());
    phase.run((*world)->targets(), task.loads, measurement.samples);
  }
  note_emulator(phase, (*world)->emulator().end(), measurement);
  return {};
}

}  // namespace

Result<void> ground_truth_is_allowed() {
  auto network = NetworkNamespace::create();
  if (!network) return Fail(network.error());
  auto device = network->add_tun("link0", address_of(0, 1));
  if (!device) return Fail(device.error());
  return {};
}

Result<Measurement> measure_ground_truth(const Task& task) {
  Measurement measurement;
  measurement.samples.resize(task.cells.size());
  const LoadPlan& plan = task.loads.plan;
  announce(kSide, "requests", task, plan.requests);
  const Phase requests{"requests", 0.99, [](const Cell&) { return 0.0; }, run_requests};
  if (auto ran = run_phase(requests, task, measurement); !ran) return Fail(ran.error());
  announce(kSide, "bulk flows", task, plan.bulk_warm_up + plan.bulk);
  const Phase bulk{"bulk flows", 0.9, bulk_rate, run_bulk};
  if (auto ran = run_phase(bulk, task, measurement); !ran) return Fail(ran.error());
  note_slow_echoes(task, measurement);
  note_failures(kSide, task, measurement);
  return measurement;
}

}  // namespace faultline::bench::truth
