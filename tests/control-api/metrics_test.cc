#include "control-api/metrics.h"

#include <catch2/catch.hpp>
#include <ctime>

#include "control-api/process_stats.h"
#include "tests/control-api/api_fixture.h"

namespace faultline {
namespace {
using test::ApiFixture;
using test::header;

ControlApi::Options with_groups(Metrics::Groups groups) {
  return {.access = {}, .metrics = groups};
}

bool page_has(const std::string& page, const std::string& part) {
  return page.find(part) != std::string::npos;
}

TEST_CASE("the page shows zones and partitions, where there are some", "[metrics]") {
  ApiFixture api;
  CHECK_FALSE(page_has(api.call("GET", "/metrics").body, "faultline_zone_"));
  REQUIRE(api.call("PUT", "/v1/zones", R"({"zones":{"a":{},"b":{}}})").status == 200);
  REQUIRE(api.call("POST", "/v1/proxies",
                   R"({"name":"p","upstream":"up:9","enabled":false,"zone":"b"})")
              .status == 201);
  REQUIRE(api.call("POST", "/v1/partitions", R"({"name":"c","from":"a","to":"b"})").status == 201);
  const std::string page = api.call("GET", "/metrics").body;
  for (const std::string line : {"faultline_zone_connections_total{from=\"a\",to=\"b\"} 0\n",
                                 "faultline_zone_connections_active{from=\"none\",to=\"none\"} 0\n",
                                 "faultline_zone_sent_bytes_total{from=\"b\",to=\"a\"} 0\n",
                                 "faultline_partition_active{partition=\"c\"} 1\n",
                                 "faultline_partition_dropped_packets_total{partition=\"c\"} 0\n",
                                 "faultline_partition_crossed_bytes_total{partition=\"c\",client="
                                 "\"a\",destination=\"b\"} 0\n"}) {
    INFO(line);
    CHECK(page_has(page, line));
  }
}

TEST_CASE("the page shows proxies, toxics and the process", "[metrics]") {
  ApiFixture api;
  REQUIRE(api.call("POST", "/proxies",
                   R"({"name":"a","listen":"127.0.0.1:1","upstream":"up:9","enabled":false,
                       "toxics":[{"type":"latency","name":"lag"}]})")
              .status == 201);
  const HttpResponse response = api.call("PUT", "/metrics");
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const std::string line : {
           "# TYPE faultline_connections_total counter\n",
           "faultline_build_info{version=\"" FAULTLINE_VERSION "\"} 1\n",
           "faultline_proxies 1\n",
           "faultline_connections_total{proxy=\"a\"} 0\n",
           "faultline_connections_active{proxy=\"a\"} 0\n",
           "faultline_connection_errors_total{proxy=\"a\",reason=\"dial\"} 0\n",
           "faultline_received_bytes_total{proxy=\"a\",direction=\"upstream\"} 0\n",
           "faultline_sent_bytes_total{proxy=\"a\",direction=\"downstream\"} 0\n",
           "faultline_toxic_active{proxy=\"a\",toxic=\"lag\",type=\"latency\","
           "direction=\"downstream\"} 1\n",
           "faultline_toxic_connections_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_met_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_matched_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_applied_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_delayed_bytes_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_dropped_bytes_total{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_injected_delay_seconds_bucket{proxy=\"a\",toxic=\"lag\"",
           "faultline_toxic_delay_error_seconds_count{proxy=\"a\",toxic=\"lag\"",
           "faultline_event_loop_lag_seconds_bucket{loop=\"1\",le=\"+Inf\"}",
           "faultline_held_bytes 0\n",
           "faultline_memory_limit_bytes 1073741824\n",
           "faultline_memory_limited_reads_total 0\n",
           "toxiproxy_proxy_received_bytes_total{direction=\"upstream\","
           "listener=\"127.0.0.1:1\",proxy=\"a\",upstream=\"up:9\"} 0\n",
           "toxiproxy_proxy_sent_bytes_total{direction=\"downstream\","
           "listener=\"127.0.0.1:1\",proxy=\"a\",upstream=\"up:9\"} 0\n",
           "promhttp_metric_handler_errors_total{cause=\"encoding\"} 0\n",
           "process_cpu_seconds_total ",
           "process_open_fds ",
       }) {
    INFO(line << "\n" << response.body);
    CHECK(page_has(response.body, line));
  }
}

TEST_CASE("only the groups that are on are shown; without any there is no page", "[metrics]") {
  ApiFixture toxiproxy(with_groups({.faultline = false, .toxiproxy = true, .process = false}));
  REQUIRE(toxiproxy.call("POST", "/proxies", R"({"name":"a","upstream":"u:1","enabled":false})")
              .status == 201);
  const std::string page = toxiproxy.body_of("/metrics");
  CHECK(page_has(page, "toxiproxy_proxy_sent_bytes_total{"));
  CHECK(page_has(page, "promhttp_metric_handler_errors_total{cause=\"gathering\"} 0\n"));
  CHECK_FALSE(page_has(page, "faultline_"));
  CHECK_FALSE(page_has(page, "process_"));

  ApiFixture runtime(with_groups({.faultline = false, .toxiproxy = false, .process = true}));
  CHECK(page_has(runtime.body_of("/metrics"), "process_resident_memory_bytes"));
  CHECK_FALSE(page_has(runtime.body_of("/metrics"), "toxiproxy_"));

  ApiFixture none(with_groups({.faultline = false, .toxiproxy = false, .process = false}));
  const HttpResponse response = none.call("GET", "/metrics");
  CHECK(response.status == 404);
  CHECK(response.body == "404 page not found\n");
}

TEST_CASE("histograms are cumulative", "[metrics]") {
  Metrics metrics;
  DurationHistogram::Snapshot& lag = metrics.loop_lag.emplace_back();
  lag.counts[0] = 2;
  lag.counts[1] = 3;
  lag.counts[DurationHistogram::kBuckets] = 4;
  lag.sum_seconds = 1.5;
  const std::string page = metrics_text(metrics, {});
  INFO(page);
  CHECK(page_has(page, "faultline_event_loop_lag_seconds_count{loop=\"0\"} 9\n"));
  CHECK(page_has(page, "faultline_event_loop_lag_seconds_sum{loop=\"0\"} 1.5\n"));
  CHECK(page_has(page, "faultline_event_loop_lag_seconds_bucket{loop=\"0\",le=\"2.5e-05\"} 5\n"));
  CHECK(page_has(page, "faultline_event_loop_lag_seconds_bucket{loop=\"0\",le=\"60\"} 5\n"));
  CHECK(page_has(page, "faultline_event_loop_lag_seconds_bucket{loop=\"0\",le=\"+Inf\"} 9\n"));
}

TEST_CASE("F14: counts are shown by proxy and direction, in full", "[metrics]") {
  Metrics metrics;
  ProxyStats& proxy = metrics.proxies.emplace_back();
  proxy.name = "a\"b";
  proxy.connections_active = 3;
  proxy.accept_errors = 7;
  proxy.received_bytes[static_cast<int>(Direction::kUpstream)] = 12'345'678'901;
  proxy.sent_bytes[static_cast<int>(Direction::kDownstream)] = 42;
  const std::string page = metrics_text(metrics, {});
  INFO(page);
  CHECK(page_has(page, "faultline_connections_active{proxy=\"a\\\"b\"} 3\n"));
  CHECK(page_has(page, "reason=\"accept\"} 7\n"));
  CHECK(page_has(
      page,
      "faultline_received_bytes_total{proxy=\"a\\\"b\",direction=\"upstream\"} 12345678901\n"));
  CHECK(
      page_has(page, "faultline_sent_bytes_total{proxy=\"a\\\"b\",direction=\"downstream\"} 42\n"));
  CHECK(page_has(page,
                 "toxiproxy_proxy_sent_bytes_total{direction=\"downstream\",listener=\"\",proxy="
                 "\"a\\\"b\",upstream=\"\"} 42\n"));
}

TEST_CASE("the process is counted truthfully", "[process_stats]") {
  const ProcessStats stats = read_process_stats();
  CHECK(stats.cpu_seconds > 0);
  CHECK(stats.resident_bytes > 1'000'000);
  CHECK(stats.virtual_bytes >= stats.resident_bytes);
  CHECK(stats.open_fds >= 3);
  CHECK(stats.max_fds >= stats.open_fds);
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(stats.start_time_seconds <= now + 1);
  CHECK(stats.start_time_seconds > now - 3600);
}

}  // namespace
}  // namespace faultline
