#include "control-api/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <utility>
#include <vector>

#include "control-api/process_stats.h"

namespace faultline {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr Direction kDirections[] = {Direction::kUpstream, Direction::kDownstream};

MetricFamily family(MetricType type, std::string name, std::string help) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

template <class Number>
void add_count(MetricFamily& family, Labels labels, Number value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  metric.gauge.value = static_cast<double>(value);  // The family's type decides which is shown.
}

void add_histogram(MetricFamily& family, Labels labels,
                   const DurationHistogram::Snapshot& snapshot) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  ClientMetric::Histogram& histogram = metric.histogram;
  histogram.sample_sum = snapshot.sum_seconds;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    cumulative += snapshot.counts[i];
    const bool is_last = i == DurationHistogram::kBuckets;
    const double bound =
        is_last ? std::numeric_limits<double>::infinity() : DurationHistogram::kBounds[i];
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
}

template <class Number>
MetricFamily single(MetricType type, std::string name, std::string help, Number value,
                    Labels labels = {}) {
  MetricFamily result = family(type, std::move(name), std::move(help));
  add_count(result, std::move(labels), value);
  return result;
}

/// Families without a series would be a comment without a value.
void add_used(std::vector<MetricFamily> from, std::vector<MetricFamily>& page) {
  for (MetricFamily& candidate : from) {
    if (!candidate.metric.empty()) page.push_back(std::move(candidate));
  }
}

void add_proxies(const std::vector<ProxyStats>& proxies, std::vector<MetricFamily>& page) {
  MetricFamily total =
      family(MetricType::Counter, "faultline_connections_total", "Connections accepted.");
  MetricFamily active =
      family(MetricType::Gauge, "faultline_connections_active", "Connections open now.");
  MetricFamily errors = family(MetricType::Counter, "faultline_connection_errors_total",
                               "Connections that could not be made, by the step that failed.");
  MetricFamily received = family(MetricType::Counter, "faultline_received_bytes_total",
                                 "Bytes read from the sender, by direction.");
  MetricFamily sent = family(MetricType::Counter, "faultline_sent_bytes_total",
                             "Bytes written to the receiver, by direction.");
  for (const ProxyStats& proxy : proxies) {
    add_count(total, {{"proxy", proxy.name}}, proxy.connections_total);
    add_count(active, {{"proxy", proxy.name}}, proxy.connections_active);
    add_count(errors, {{"proxy", proxy.name}, {"reason", "dial"}}, proxy.dial_errors);
    add_count(errors, {{"proxy", proxy.name}, {"reason", "accept"}}, proxy.accept_errors);
    add_count(errors, {{"proxy", proxy.name}, {"reason", "greeting"}}, proxy.greeting_errors);
    for (const Direction direction : kDirections) {
      const Labels labels = {{"proxy", proxy.name},
                             {"direction", std::string(to_string(direction))}};
      const auto index = static_cast<std::size_t>(direction);
      add_count(received, labels, proxy.received_bytes[index]);
      add_count(sent, labels, proxy.sent_bytes[index]);
    }
  }
  add_used({total, active, errors, received, sent}, page);
}

void add_toxics(const std::vector<ProxyStats>& proxies, std::vector<MetricFamily>& page) {
  MetricFamily active =
      family(MetricType::Gauge, "faultline_toxic_active", "1 for each toxic there is.");
  MetricFamily connections = family(MetricType::Counter, "faultline_toxic_connections_total",
                                    "Connections the toxic was applied to.");
  MetricFamily met = family(MetricType::Counter, "faultline_toxic_met_total",
                            "Connections the toxic has looked at.");
  MetricFamily matched = family(MetricType::Counter, "faultline_toxic_matched_total",
                                "Connections its match and its draws chose; of a shadow, too.");
  MetricFamily applied = family(MetricType::Counter, "faultline_toxic_applied_total",
                                "Connections it has really done something to.");
  MetricFamily delayed = family(MetricType::Counter, "faultline_toxic_delayed_bytes_total",
                                "Bytes the toxic has held back.");
  MetricFamily dropped = family(MetricType::Counter, "faultline_toxic_dropped_bytes_total",
                                "Bytes the toxic has swallowed.");
  MetricFamily delay = family(MetricType::Histogram, "faultline_toxic_injected_delay_seconds",
                              "How long the toxic held bytes back.");
  MetricFamily error = family(MetricType::Histogram, "faultline_toxic_delay_error_seconds",
                              "How much later than asked those bytes left.");
  for (const ProxyStats& proxy : proxies) {
    for (const ToxicStats& toxic : proxy.toxics) {
      const Labels labels = {{"proxy", proxy.name},
                             {"toxic", toxic.name},
                             {"type", toxic.type},
                             {"direction", std::string(to_string(toxic.direction))}};
      add_count(active, labels, 1);
      add_count(connections, labels, toxic.connections);
      add_count(met, labels, toxic.met);
      add_count(matched, labels, toxic.matched);
      add_count(applied, labels, toxic.applied);
      add_count(delayed, labels, toxic.delayed_bytes);
      add_count(dropped, labels, toxic.dropped_bytes);
      add_histogram(delay, labels, toxic.delay);
      add_histogram(error, labels, toxic.error);
    }
  }
  add_used({active, connections, met, matched, applied, delayed, dropped, delay, error}, page);
}

void add_zones(const std::vector<ZoneCell>& cells, std::vector<MetricFamily>& page) {
  MetricFamily total = family(MetricType::Counter, "faultline_zone_connections_total",
                              "Connections from zone to zone whose upstream was reached.");
  MetricFamily active =
      family(MetricType::Gauge, "faultline_zone_connections_active", "Of these: open now.");
  MetricFamily sent = family(MetricType::Counter, "faultline_zone_sent_bytes_total",
                             "Bytes sent from zone to zone, whoever dialled.");
  for (const ZoneCell& cell : cells) {
    const Labels labels = {{"from", cell.from}, {"to", cell.to}};
    add_count(total, labels, cell.connections);
    add_count(active, labels, cell.open);
    add_count(sent, labels, cell.bytes);
  }
  add_used({total, active, sent}, page);
}

void add_partitions(const std::vector<Metrics::Partition>& partitions,
                    std::vector<MetricFamily>& page) {
  MetricFamily active =
      family(MetricType::Gauge, "faultline_partition_active", "1 for each partition there is.");
  MetricFamily dropped = family(MetricType::Counter, "faultline_partition_dropped_packets_total",
                                "Packets dropped by the listening sockets that it acts on.");
  MetricFamily matched = family(MetricType::Counter, "faultline_partition_matched_total",
                                "Connections it is for, by client's and destination's zone.");
  MetricFamily cut = family(MetricType::Counter, "faultline_partition_cut_total",
                            "Of these: open when it took hold of them.");
  MetricFamily refused = family(MetricType::Counter, "faultline_partition_refused_total",
                                "Of these: held, closed or reset as they came.");
  MetricFamily crossed = family(MetricType::Counter, "faultline_partition_crossed_bytes_total",
                                "Bytes it should have kept apart, and did not.");
  for (const Metrics::Partition& partition : partitions) {
    add_count(active, {{"partition", partition.name}}, 1);
    add_count(dropped, {{"partition", partition.name}}, partition.dropped_packets);
    for (const PairStatus& pair : partition.pairs) {
      const Labels labels = {{"partition", partition.name},
                             {"client", pair.client},
                             {"destination", pair.destination}};
      add_count(matched, labels, pair.matched);
      add_count(cut, labels, pair.open);
      add_count(refused, labels, pair.refused);
      add_count(crossed, labels, pair.crossed_bytes);
    }
  }
  add_used({active, dropped, matched, cut, refused, crossed}, page);
}

void add_faultline(const Metrics& metrics, std::vector<MetricFamily>& page) {
  page.push_back(single(MetricType::Gauge, "faultline_build_info", "Always 1.", 1,
                        {{"version", FAULTLINE_VERSION}}));
  page.push_back(
      single(MetricType::Gauge, "faultline_proxies", "Proxies there are.", metrics.proxies.size()));
  add_proxies(metrics.proxies, page);
  add_toxics(metrics.proxies, page);
  add_zones(metrics.zones, page);
  add_partitions(metrics.partitions, page);
  page.push_back(single(MetricType::Gauge, "faultline_held_bytes",
                        "Bytes held back by toxics, over all connections.",
                        metrics.memory.held_bytes));
  page.push_back(single(MetricType::Gauge, "faultline_memory_limit_bytes",
                        "How much toxics may hold back; then reading waits.",
                        metrics.memory.limit_bytes));
  page.push_back(single(MetricType::Counter, "faultline_memory_limited_reads_total",
                        "Reads put off or cut short because the memory limit was reached.",
                        metrics.memory.limited_reads));
  MetricFamily lag = family(MetricType::Histogram, "faultline_event_loop_lag_seconds",
                            "How late a worker's event loop came to its alarms.");
  std::size_t loop = 0;
  for (const DurationHistogram::Snapshot& snapshot : metrics.loop_lag) {
    add_histogram(lag, {{"loop", std::to_string(loop++)}}, snapshot);
  }
  add_used({lag}, page);
}

/// Names and labels, and the order of the labels, as Toxiproxy has them.
void add_toxiproxy(const std::vector<ProxyStats>& proxies, std::vector<MetricFamily>& page) {
  MetricFamily received = family(MetricType::Counter, "toxiproxy_proxy_received_bytes_total", "");
  MetricFamily sent = family(MetricType::Counter, "toxiproxy_proxy_sent_bytes_total", "");
  for (const ProxyStats& proxy : proxies) {
    for (const Direction direction : {Direction::kDownstream, Direction::kUpstream}) {
      const Labels labels = {{"direction", std::string(to_string(direction))},
                             {"listener", proxy.listen},
                             {"proxy", proxy.name},
                             {"upstream", proxy.upstream}};
      const auto index = static_cast<std::size_t>(direction);
      add_count(received, labels, proxy.received_bytes[index]);
      add_count(sent, labels, proxy.sent_bytes[index]);
    }
  }
  add_used({received, sent}, page);
}

/// Toxiproxy's page always has this one.
MetricFamily handler_errors() {
  MetricFamily errors =
      family(MetricType::Counter, "promhttp_metric_handler_errors_total",
             "Total number of internal errors encountered by the promhttp metric handler.");
  add_count(errors, {{"cause", "encoding"}}, 0);
  add_count(errors, {{"cause", "gathering"}}, 0);
  return errors;
}

void add_process(std::vector<MetricFamily>& page) {
  const ProcessStats stats = read_process_stats();
  page.push_back(single(MetricType::Counter, "process_cpu_seconds_total",
                        "User and system CPU time spent.", stats.cpu_seconds));
  page.push_back(single(MetricType::Gauge, "process_max_fds", "File descriptors there may be.",
                        stats.max_fds));
  page.push_back(
      single(MetricType::Gauge, "process_open_fds", "File descriptors open now.", stats.open_fds));
  page.push_back(single(MetricType::Gauge, "process_resident_memory_bytes", "Resident memory.",
                        stats.resident_bytes));
  page.push_back(single(MetricType::Gauge, "process_start_time_seconds",
                        "When the process started, since the Unix epoch.",
                        stats.start_time_seconds));
  page.push_back(single(MetricType::Gauge, "process_virtual_memory_bytes", "Virtual memory.",
                        stats.virtual_bytes));
}

}  // namespace

std::string metrics_text(const Metrics& metrics, const Metrics::Groups& groups) {
  std::vector<MetricFamily> page;
  if (groups.faultline) add_faultline(metrics, page);
  if (groups.toxiproxy) add_toxiproxy(metrics.proxies, page);
  if (groups.process) add_process(page);
  page.push_back(handler_errors());
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, page);
  return out.str();
}

}  // namespace faultline
