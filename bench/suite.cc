#include "bench/suite.h"

#include <algorithm>

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSpareFiles = 100;  // Beyond the two of each connection in a proxy.

/// 64 -> "64 B", 65536 -> "64 KiB", 1048576 -> "1 MiB".
std::string size_text(std::size_t bytes) {
  if (bytes >= 1U << 20) return std::to_string(bytes >> 20) + " MiB";
  if (bytes >= 1U << 10) return std::to_string(bytes >> 10) + " KiB";
  return std::to_string(bytes) + " B";
}

std::string connections_text(std::size_t connections) {
  return std::to_string(connections) + (connections == 1 ? " connection" : " connections");
}

Workload echo(std::size_t message_bytes, std::size_t connections) {
  return {.name = "echo-" + std::to_string(message_bytes),
          .title = "Echo, " + size_text(message_bytes) + ", " + connections_text(connections),
          .settings = EchoSettings{.connections = connections, .message_bytes = message_bytes},
          .headline = {Metric::kRequestsPerSecond, Metric::kCpuPerRequest}};
}

Workload steady(std::size_t message_bytes, std::size_t connections, double rate) {
  return {
      .name = "steady-" + std::to_string(message_bytes),
      .title = "Echo at " + format_number(rate) + " messages/s, " + size_text(message_bytes) +
               ", " + connections_text(connections),
      .settings =
          EchoSettings{.connections = connections, .message_bytes = message_bytes, .rate = rate},
      .headline = {Metric::kP99, Metric::kCpuPerRequest}};
}

Workload bulk(BulkSettings::Way way, std::size_t connections) {
  const bool is_download = way == BulkSettings::Way::kDownload;
  return {.name = (is_download ? "download-" : "upload-") + std::to_string(connections),
          .title = std::string(is_download ? "Download" : "Upload") + ", " +
                   connections_text(connections),
          .settings = BulkSettings{.way = way, .connections = connections},
          .headline = {Metric::kMegabytesPerSecond, Metric::kCpuPerGigabyte}};
}

Workload connect(std::size_t at_once) {
  return {.name = "connect",
          .title = "Connect, request, close; " + std::to_string(at_once) + " at once",
          .settings = ConnectSettings{.at_once = at_once, .answer_bytes = 64},
          .headline = {Metric::kRequestsPerSecond, Metric::kCpuPerRequest}};
}

Workload idle(std::size_t connections) {
  return {.name = "idle",
          .title = connections_text(connections) + ", idle after one message",
          .settings = IdleSettings{.connections = connections},
          .headline = {Metric::kBytesPerConnection, Metric::kResidentMegabytes}};
}

/// Those that are quoted most have to be the steadiest.
Workload quoted(Workload workload) {
  workload.rounds = 5;
  return workload;
}

constexpr auto kUp = BulkSettings::Way::kUpload;
constexpr auto kDown = BulkSettings::Way::kDownload;

Suite full() {
  return {.window = {.warm_up = 250ms, .length = 1s},
          .workloads = {quoted(echo(64, 64)), echo(1 << 10, 64), echo(16 << 10, 64),
                        echo(128 << 10, 16), echo(1 << 20, 8), steady(64, 64, 10'000),
                        quoted(bulk(kDown, 8)), quoted(bulk(kUp, 8)), bulk(kDown, 1), bulk(kUp, 1),
                        quoted(connect(16)), idle(5'000)},
          .fault_window = {.warm_up = 500ms, .length = 2s},
          .latency_crowds = {{1, 200}, {256, 5'000}, {5'000, 10'000}},
          .bandwidths_kilobytes = {10, 100, 1'000, 10'000, 100'000, 500'000, 1'000'000},
          .bandwidth_window = {.warm_up = 500ms, .length = 5s},
          .latencies_ms = {1, 10, 100},
          .filter_window = {.warm_up = 100ms, .length = 400ms},
          .filter_rounds = 25,
          .change_crowd = {10'000, 16'000, 16},
          .changes_each = 50,
          .zone_cut = {.connections = 10'000,
                       .nodes_per_zone = 5,
                       .free_rate = 2'000,
                       .cut_rate = 200,
                       .rounds = 11,
                       .window = 1s},
          .control_plane = {.connections = 10'000,
                            .dialled = 10'000,
                            .echo_rate = 500,
                            .subscribers = 200,
                            .calls_each = 500}};
}

Suite quick() {
  Suite suite = full();
  suite.window = {.warm_up = 150ms, .length = 400ms};
  suite.workloads = {echo(64, 64),   echo(16 << 10, 64), steady(64, 64, 10'000),
                     bulk(kDown, 8), bulk(kUp, 8),       connect(16),
                     idle(1'000)};
  suite.fault_window = {.warm_up = 300ms, .length = 700ms};
  suite.bandwidth_window = {.warm_up = 300ms, .length = 1s};
  suite.filter_rounds = 11;
  suite.change_crowd = {2'000, 10'000, 10};
  suite.changes_each = 10;
  suite.zone_cut.connections = 2'100;
  suite.zone_cut.rounds = 3;
  suite.zone_cut.window = 500ms;
  suite.control_plane.connections = suite.control_plane.dialled = 2'000;
  suite.control_plane.calls_each = 100;
  return suite;
}

Suite smoke() {
  Suite suite = full();
  suite.window = {.warm_up = 10ms, .length = 60ms};
  suite.workloads = {echo(64, 8),    echo(1 << 20, 2), steady(64, 8, 1'000),
                     bulk(kDown, 2), bulk(kUp, 2),     connect(4),
                     idle(20)};
  for (Workload& workload : suite.workloads) workload.rounds = 1;
  suite.fault_window = {.warm_up = 20ms, .length = 150ms};
  suite.latency_crowds = {{1, 200}, {32, 1'000}};
  suite.bandwidths_kilobytes = {1'000, 100'000};
  suite.bandwidth_window = {.warm_up = 50ms, .length = 200ms};
  suite.latencies_ms = {10};
  suite.filter_downloads = 2;
  suite.filter_window = {.warm_up = 20ms, .length = 150ms};
  suite.filter_rounds = 1;
  suite.change_crowd = {50, 1'000};
  suite.changes_each = 1;
  suite.zone_cut = {.connections = 60, .window = 200ms};
  suite.control_plane = {
      .connections = 40, .dialled = 30, .subscribers = 4, .calls_each = 2, .awaits_drops = false};
  return suite;
}

std::string fewer_connections(const std::string& what, std::size_t most, std::size_t wanted,
                              std::size_t open_files) {
  return what + ": " + std::to_string(most) + " connections instead of " + std::to_string(wanted) +
         ", for a process may open only " + std::to_string(open_files) + " files (ulimit -Hn)";
}

/// A connection without an upstream is one file, as a subscriber is: rather so than fewer.
void fit_control_plane(ControlPlaneSettings& settings, std::size_t open_files,
                       std::vector<std::string>& notes) {
  const std::size_t taken = kSpareFiles + settings.subscribers;
  const std::size_t most = open_files > taken ? open_files - taken : 1;
  if (settings.connections > most) {
    notes.push_back(fewer_connections("control-plane", most, settings.connections, open_files));
    settings.connections = most;
  }
  settings.dialled = std::clamp<std::size_t>(most - settings.connections, 1, settings.dialled);
}

}  // namespace

Suite suite_of(Scale scale) {
  switch (scale) {
    case Scale::kSmoke:
      return smoke();
    case Scale::kQuick:
      return quick();
    case Scale::kFull:
      return full();
  }
  return full();
}

void fit_to_open_files(Suite& suite, std::size_t open_files, std::vector<std::string>& notes) {
  const std::size_t most = open_files > 2 * kSpareFiles ? (open_files - kSpareFiles) / 2 : 1;
  const auto fit = [&](const std::string& what, std::size_t& connections) {
    if (connections <= most) return false;
    notes.push_back(fewer_connections(what, most, connections, open_files));
    connections = most;
    return true;
  };
  for (Crowd& crowd : suite.latency_crowds) fit("latency-accuracy", crowd.connections);
  fit("change-effect", suite.change_crowd.connections);
  fit("zone-cut", suite.zone_cut.connections);
  fit_control_plane(suite.control_plane, open_files, notes);
  for (Workload& workload : suite.workloads) {
    auto* settings = std::get_if<IdleSettings>(&workload.settings);
    if (settings != nullptr && fit(workload.name, settings->connections)) {
      workload.title = idle(settings->connections).title;
    }
  }
}

}  // namespace faultline::bench
