#include "bench/truth/through_faultline.h"

#include <arpa/inet.h>

#include <cmath>
#include <memory>
#include <utility>

#include "bench/child.h"
#include "bench/contender.h"
#include "bench/live_faultline.h"
#include "bench/metric.h"
#include "bench/report.h"
#include "bench/socket.h"
#include "bench/truth/answerer.h"
#include "bench/truth/tcp.h"

namespace faultline::bench::truth {

namespace {

constexpr const char* kSide = "faultline";
constexpr double kKilobyte = 1000;

ToxicRequest path_toxic(const Cell& cell, const Task& task, double bytes_per_second) {
  ToxicRequest toxic{.type = "path", .stream = ""};
  toxic.attributes = {{"rtt", std::int64_t{std::llround(cell.rtt_ms)}},
                      {"loss", format_number(cell.loss * 100) + "%"},
                      {"loss_on", std::string(text_of(task.kind.loss_on))},
                      {"congestion", task.loads.congestion}};
  if (bytes_per_second > 0) {
    const auto queue = static_cast<std::int64_t>(queue_for(cell, bytes_per_second));
    toxic.attributes.push_back({"rate", std::int64_t{std::llround(bytes_per_second / kKilobyte)}});
    toxic.attributes.push_back({"queue", queue});
  }
  return toxic;
}

ToxicRequest latency_toxic(const Cell& cell) {
  return {.type = "latency", .attributes = {{"latency", std::int64_t{std::llround(cell.rtt_ms)}}}};
}

/// The server of the loads on 127.0.0.1, in a process of its own.
struct LoadServer {
  std::uint16_t port = 0;
  Child child;

  static Result<LoadServer> start(const std::string& congestion) {
    auto listener = listen_on({.address = INADDR_LOOPBACK, .port = 0}, congestion);
    if (!listener) return Fail(listener.error());
    LoadServer server{.port = port_of(*listener), .child = {}};
    auto child = Answerer::fork_off(*std::move(listener));
    if (!child) return Fail(child.error());
    server.child = *std::move(child);
    return server;
  }
};

/// A proxy with its toxic for each cell.
Result<std::vector<LoadTarget>> set_up(const std::string& phase, const Task& task,
                                       const FaultlineSettings& settings, const LiveFaultline& api,
                                       std::uint16_t server_port) {
  std::vector<LoadTarget> targets;
  for (const Cell& cell : task.cells) {
    const std::string name = phase + std::to_string(targets.size());
    const auto port = api.add_proxy(name, server_port);
    if (!port) return Fail(port.error());
    const ToxicRequest toxic = settings.fault == Fault::kPath
                                   ? path_toxic(cell, task, phase == "bulk" ? bulk_rate(cell) : 0)
                                   : latency_toxic(cell);
    if (auto added = api.on(name).add_toxic(toxic); !added) {
      return within(settings.binary + " does not take a toxic `" + toxic.type + "`", added.error());
    }
    targets.push_back({.cell = cell, .to = {.address = INADDR_LOOPBACK, .port = *port}});
  }
  return targets;
}

}  // namespace

Result<Measurement> measure_faultline(const Task& task, const FaultlineSettings& settings) {
  const std::size_t open_files = raise_open_files_limit();
  const TemporaryFolder folder;
  const LaunchSettings launch{.folder = folder.path(),
                              .faultline_binary = settings.binary,
                              .faultline_arguments = {"--seed", std::to_string(task.loads.seed)},
                              .most_open_files = open_files};
  auto origin = OriginProcess::start(0);
  if (!origin) return Fail(origin.error());
  auto server = LoadServer::start(task.loads.congestion);
  if (!server) return Fail(server.error());
  LaunchedProxy proxy(LaunchedProxy::kinds().front(), launch, **origin);
  if (auto started = proxy.start(); !started) return within(kOurs, started.error());
  const auto api = LiveFaultline::find(proxy);
  if (!api) return Fail(api.error());

  Measurement measurement;
  measurement.samples.resize(task.cells.size());
  const LoadPlan& plan = task.loads.plan;
  const auto requests = set_up("requests", task, settings, *api, server->port);
  if (!requests) return Fail(requests.error());
  announce(kSide, "requests", task, plan.requests);
  run_requests(*requests, task.loads, measurement.samples);
  const auto bulk = set_up("bulk", task, settings, *api, server->port);
  if (!bulk) return Fail(bulk.error());
  announce(kSide, "bulk flows", task, plan.bulk_warm_up + plan.bulk);
  run_bulk(*bulk, task.loads, measurement.samples);
  note_failures(kSide, task, measurement);
  return measurement;
}

}  // namespace faultline::bench::truth
