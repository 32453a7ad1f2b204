#include "bench/options.h"

#include <charconv>
#include <map>

namespace faultline::bench {

namespace {

Fail usage(const std::string& what) {
  return fail(ErrorKind::kInvalid, what + "; see --help");
}

template <class Number>
Result<Number> parse_number(const std::string& text, Number least, Number most) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < least || number > most) {
    return usage("`" + text + "` is not a number from " + std::to_string(least) + " to " +
                 std::to_string(most));
  }
  return number;
}

std::vector<std::string> split(const std::string& text, char between) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (;;) {
    const std::size_t end = text.find(between, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string::npos) return parts;
    start = end + 1;
  }
}

template <class Number>
Result<void> store(const std::string& text, Number least, Number most, Number& target) {
  const auto number = parse_number<Number>(text, least, most);
  if (!number) return Fail(number.error());
  target = *number;
  return {};
}

Result<void> add_peer(const std::string& text, Options& options) {
  const std::vector<std::string> parts = split(text, '=');
  if (parts.size() != 3 || parts[0].empty()) {
    return usage("`" + text + "` is not NAME=PORT=PID");
  }
  PeerOption peer;
  peer.name = parts[0];
  if (auto stored = store<std::uint16_t>(parts[1], 1, 65'535, peer.port); !stored) return stored;
  if (auto stored = store<int>(parts[2], 1, 1 << 30, peer.process); !stored) return stored;
  options.peers.push_back(peer);
  return {};
}

using Setter = Result<void> (*)(const std::string& value, Options& options);

/// The options that have a value.
const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all = {
      {"--rounds",
       [](const std::string& value, Options& options) {
         return store<std::size_t>(value, 1, 1'000, options.rounds);
       }},
      {"--seconds",
       [](const std::string& value, Options& options) {
         return store<double>(value, 0.01, 600, options.window_seconds);
       }},
      {"--soak",
       [](const std::string& value, Options& options) {
         return store<double>(value, 1, 1'000'000, options.soak_seconds);
       }},
      {"--workers",
       [](const std::string& value, Options& options) {
         return store<std::size_t>(value, 1, 256, options.workers);
       }},
      {"--contenders",
       [](const std::string& value, Options& options) -> Result<void> {
         options.contenders = split(value, ',');
         return {};
       }},
      {"--workloads",
       [](const std::string& value, Options& options) -> Result<void> {
         options.workloads = split(value, ',');
         return {};
       }},
      {"--peer", add_peer},
      {"--origin-port",
       [](const std::string& value, Options& options) {
         return store<std::uint16_t>(value, 1, 65'535, options.origin_port);
       }},
      {"--faultline",
       [](const std::string& value, Options& options) -> Result<void> {
         options.faultline_binary = value;
         return {};
       }},
      {"--json",
       [](const std::string& value, Options& options) -> Result<void> {
         options.json_path = value;
         return {};
       }},
      {"--svg",
       [](const std::string& value, Options& options) -> Result<void> {
         options.svg_path = value;
         return {};
       }},
  };
  return all;
}

/// True if `name` is an option without a value.
bool take_switch(const std::string& name, Options& options) {
  if (name == "--help" || name == "-h") {
    options.help = true;
  } else if (name == "--smoke") {
    options.scale = Scale::kSmoke;
  } else if (name == "--quick") {
    options.scale = Scale::kQuick;
  } else if (name == "--no-memory-check") {
    options.checks_memory = false;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    if (equals == std::string::npos && take_switch(name, options)) continue;
    const auto setter = setters().find(name);
    if (setter == setters().end()) return usage("there is no option `" + name + "`");
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return usage(name + " needs a value");
    }
    const std::string value =
        equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    if (auto stored = setter->second(value, options); !stored) {
      return within(name, stored.error());
    }
  }
  return options;
}

std::string help_text() {
  return R"(Faultline beside other proxies, on this machine: throughput, latency, CPU and
memory, and how exact its toxics are under load.

  faultline_bench [OPTION...]

  --quick               fewer workloads and shorter ones, about two minutes
  --smoke               everything tiny: whether it works, in seconds
  --soak SECONDS        nothing but Faultline under all loads at once, with toxics that
                        change all the time: whether descriptors or memory leak
  --no-memory-check     for --soak of a sanitizer build, which keeps what is freed
  --rounds N            how often each contender has its turn (default 3, where it matters 5)
  --seconds S           how long each turn is measured
  --workers N           threads or processes that each proxy moves bytes with (default 1)
  --contenders A,B      of direct, faultline, nginx, haproxy, socat (the default) and
                        haproxy-splice
  --workloads A,B       those whose name begins so: echo, echo-64, steady, download, upload,
                        connect, idle, latency-accuracy, bandwidth-accuracy,
                        bandwidth-shared, throughput-under-latency, packet-filter-cost,
                        change-effect
  --peer NAME=PORT=PID  a proxy that runs already, listens on 127.0.0.1:PORT and has the
                        origin as its upstream; may be repeated
  --origin-port PORT    where the origin listens, for --peer (default: any free port)
  --faultline PATH      the binary to measure (default: beside this program)
  --json FILE           all figures of all rounds
  --svg FILE            a chart

Tables go to standard output as Markdown, progress to standard error. It exits with
1 if anything was lost, wrong or refused, 2 if it was called wrongly, 130 after Ctrl-C,
143 after SIGTERM.
)";
}

}  // namespace faultline::bench
