#include "bench/truth/options.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

Fail usage(const std::string& what) {
  return fail(ErrorKind::kInvalid, what + "; see --help");
}

template <class Choice>
Result<void> choose(const std::string& text, const std::map<std::string, Choice>& choices,
                    Choice& target) {
  const auto found = choices.find(text);
  if (found == choices.end()) {
    std::string names;
    for (const auto& [name, choice] : choices) names += (names.empty() ? "" : ", ") + name;
    return usage("`" + text + "` is none of " + names);
  }
  target = found->second;
  return {};
}

template <class Number>
Result<void> store(const std::string& text, Number least, Number& target) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, target);
  if (parsed.ec != std::errc() || parsed.ptr != end || target < least) {
    return usage("`" + text + "` is not a number from " + std::to_string(least) + " up");
  }
  return {};
}

using Setter = Result<void> (*)(const std::string& value, Options& options);

Result<void> set_only(const std::string& value, Options& options) {
  const auto cell = parse_cell(value);
  if (!cell) return Fail(cell.error());
  options.only.push_back(*cell);
  return {};
}

/// The options that have a value.
const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all = {
      {"--only", set_only},
      {"--side",
       [](const std::string& value, Options& options) {
         return choose<Sides>(
             value,
             {{"both", Sides::kBoth}, {"truth", Sides::kTruth}, {"faultline", Sides::kFaultline}},
             options.sides);
       }},
      {"--loss-on",
       [](const std::string& value, Options& options) {
         return choose<LossOn>(value,
                               {{"downstream", LossOn::kDownstream},
                                {"upstream", LossOn::kUpstream},
                                {"both", LossOn::kBoth}},
                               options.kind.loss_on);
       }},
      {"--toxic",
       [](const std::string& value, Options& options) {
         return choose<Fault>(value, {{"path", Fault::kPath}, {"latency", Fault::kLatency}},
                              options.fault);
       }},
      {"--bursts",
       [](const std::string& value, Options& options) {
         return store<double>(value, 1, options.kind.burst_length);
       }},
      {"--seed", [](const std::string& value,
                    Options& options) { return store<std::uint64_t>(value, 0, options.seed); }},
      {"--congestion",
       [](const std::string& value, Options& options) -> Result<void> {
         options.congestion = value;
         return {};
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
  } else {
    return false;
  }
  return true;
}

/// As many exchanges whatever the grid; the more links at once, the longer it
/// takes, so that the machine keeps up.
LoadPlan plan_of(Scale scale, std::size_t cells) {
  if (scale == Scale::kSmoke) {
    return {.requests = 1s,
            .patience = 5s,
            .echoes = 100,
            .fetches = 20,
            .connects = 10,
            .bulk_warm_up = 200ms,
            .bulk = 1s};
  }
  return {.requests = std::max<Duration>(20s, 8s * static_cast<std::int64_t>(cells)),
          .patience = 30s,
          .echoes = 20'000,
          .fetches = 1'200,
          .connects = 1'200,
          .bulk_warm_up = 5s,
          .bulk = scale == Scale::kQuick ? 25s : 60s};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    if (equals == std::string::npos && take_switch(name, options)) continue;
    const auto setter = setters().find(name);
    if (setter == setters().end()) return usage("there is no option `" + arguments[i] + "`");
    std::string value;
    if (equals != std::string::npos) {
      value = arguments[i].substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return usage(name + " needs a value");
    }
    if (auto stored = setter->second(value, options); !stored) return within(name, stored.error());
  }
  if (options.kind.burst_length > 1 && options.sides != Sides::kTruth) {
    return usage("the `path` toxic has no bursts: --bursts needs --side truth");
  }
  return options;
}

Task task_of(const Options& options) {
  Task task;
  task.cells = options.only;
  if (task.cells.empty()) {
    switch (options.scale) {
      case Scale::kSmoke:
        task.cells = {{.rtt_ms = 10, .loss = 0.01}};
        break;
      case Scale::kQuick:
        task.cells = quick_grid();
        break;
      case Scale::kFull:
        task.cells = full_grid();
        break;
    }
  }
  task.kind = options.kind;
  task.loads = {.plan = plan_of(options.scale, task.cells.size()),
                .congestion = options.congestion,
                .seed = options.seed};
  return task;
}

std::string help_text() {
  return R"(Faultline's `path` toxic beside a link that really loses packets: an emulated link
between two network namespaces, with the kernel's TCP at both ends. Goodput, fetches
on fresh connections, echoes and connects, for round trips of 10, 40 and 100 ms and a
loss of 0, 0.1, 1, 3 and 10 %.

  faultline_truth [OPTION...]

  --quick               five links instead of fifteen, about three minutes instead of seven
  --smoke               one link for a second or two: whether it works
  --only rtt=40,loss=1% this link instead of the grid; may be repeated
  --side SIDE           both (the default), truth or faultline
  --loss-on DIRECTION   downstream (server to client, the default), upstream or both
  --bursts N            losses in bursts of N packets in the mean (Gilbert-Elliott), the
                        same share in all; the truth alone
  --congestion NAME     cubic (the default), reno, or, for the truth, what the kernel has
  --seed N              of what is lost, and when exchanges begin (default 1)
  --toxic NAME          path (the default), or latency: the delay alone, without loss
  --faultline PATH      the binary to measure (default: beside this program)
  --json FILE           all figures

Tables go to standard output as Markdown, progress to standard error. It needs to be
root, and /dev/net/tun; where these are not to be had it says so and exits with 0. It
exits with 1 if a figure misses its criterion or something went wrong, 2 if it was
called wrongly, 130 after Ctrl-C, 143 after SIGTERM.
)";
}

}  // namespace faultline::bench::truth
