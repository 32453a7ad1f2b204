#include "bench/options.h"

#include "bench/option_parser.h"

namespace faultline::bench {

namespace {

constexpr const char* kSummary =
    "Faultline beside other proxies, on this machine: throughput, latency, CPU and\n"
    "memory, and how exact its toxics are under load.\n";

constexpr const char* kClosing =
    "Tables go to standard output as Markdown, progress to standard error. It exits with\n"
    "1 if anything was lost, wrong or refused, 2 if it was called wrongly, 130 after Ctrl-C,\n"
    "143 after SIGTERM.";

/// "NAME=PORT=PID"
PeerOption peer_of(const std::string& text) {
  const std::vector<std::string> parts = CLI::detail::split(text, '=');
  PeerOption peer;
  if (parts.size() != 3 || parts[0].empty() || !CLI::detail::lexical_cast(parts[1], peer.port) ||
      !CLI::detail::lexical_cast(parts[2], peer.process) || peer.port == 0 || peer.process < 1) {
    throw CLI::ValidationError("--peer", "`" + text + "` is not NAME=PORT=PID");
  }
  peer.name = parts[0];
  return peer;
}

void add_scales(CLI::App& app, Options& options) {
  app.add_flag_callback(
      "--quick", [&options] { options.scale = Scale::kQuick; },
      "Fewer workloads and shorter ones, about two minutes and a half");
  app.add_flag_callback(
      "--smoke", [&options] { options.scale = Scale::kSmoke; },
      "Everything tiny: whether it works, in seconds");
  app.add_option("--soak", options.soak_seconds,
                 "Nothing but Faultline under all loads at once, with toxics that change all "
                 "the time, for so many seconds: whether descriptors or memory leak")
      ->check(CLI::Range(1.0, 1e6));
  app.add_flag_callback(
      "--no-memory-check", [&options] { options.checks_memory = false; },
      "For --soak of a sanitizer build, which keeps what is freed");
}

void add_rounds(CLI::App& app, Options& options) {
  app.add_option("--rounds", options.rounds,
                 "How often each contender has its turn (default 3, where it matters 5)")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", options.window_seconds, "How long each turn is measured")
      ->check(CLI::Range(0.01, 600.0));
  app.add_option("--workers", options.workers,
                 "Threads or processes that each proxy moves bytes with (default 1)")
      ->check(CLI::Range(1, 256));
}

void add_choices(CLI::App& app, Options& options) {
  app.add_option("--contenders", options.contenders,
                 "Of direct, faultline, nginx, haproxy, socat (the default) and haproxy-splice: "
                 "A,B")
      ->delimiter(',');
  app.add_option("--workloads", options.workloads,
                 "Those whose name begins so: echo, echo-64, steady, download, upload, connect, "
                 "idle, latency-accuracy, bandwidth-accuracy, bandwidth-shared, "
                 "throughput-under-latency, packet-filter-cost, change-effect, zone-cut, "
                 "control-plane: A,B")
      ->delimiter(',');
  app.add_option_function<std::vector<std::string>>(
         "--peer",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) options.peers.push_back(peer_of(text));
         },
         "NAME=PORT=PID: a proxy that runs already, listens on 127.0.0.1:PORT and has the origin "
         "as its upstream; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--origin-port", options.origin_port,
                 "Where the origin listens, for --peer (default: any free port)")
      ->check(CLI::Range(1, 65'535));
}

void add_files(CLI::App& app, Options& options) {
  app.add_option("--faultline", options.faultline_binary,
                 "The binary to measure (default: beside this program)");
  app.add_option("--json", options.json_path, "A file for all figures of all rounds");
  app.add_option("--svg", options.svg_path, "A file for a chart");
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  CLI::App app(kSummary, "faultline_bench");
  app.footer(kClosing);
  add_scales(app, options);
  add_rounds(app, options);
  add_choices(app, options);
  add_files(app, options);
  if (auto taken = take_arguments(app, arguments, options.help); !taken) return Fail(taken.error());
  return options;
}

}  // namespace faultline::bench
