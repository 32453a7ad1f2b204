#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

#include "bench/echo_load.h"
#include "bench/fault_bench.h"
#include "bench/latency_shift.h"
#include "bench/metric.h"
#include "bench/statistics.h"
#include "bench/stop.h"
#include "bench/wakefulness.h"

namespace faultline::bench {

namespace {

constexpr const char* kZoneCut = "zone-cut";
constexpr std::size_t kZones = 3;
constexpr std::size_t kCutZone = 1;
constexpr const char* kZonesBody = R"({"zones":{"a":{"cidrs":["127.1.0.0/16"]},)"
                                   R"("b":{"cidrs":["127.2.0.0/16"]},)"
                                   R"("c":{"cidrs":["127.3.0.0/16"]}}})";
constexpr const char* kCutPath = "/v1/partitions/b-cut";
constexpr const char* kCutBody = R"({"name":"b-cut","shape":"isolate","zones":["b"]})";
constexpr Duration kInForceBy = std::chrono::milliseconds(100);  // From the call.

/// What is done in the middle of a window.
enum Mark : std::size_t { kNothing, kCut, kHeal };
constexpr std::array<const char*, 3> kMarks = {"nothing", "cut zone b off", "heal it"};

/// From each node to each other, through the proxy of that one.
struct Mesh {
  std::vector<Way> cut;   ///< Between zone b and the others.
  std::vector<Way> free;  ///< Within zones, and between a and c.
};

/// The zones, a proxy for each node, and all ways. Errors: as of LiveFaultline.
Result<Mesh> make_mesh(const LiveFaultline& api, std::uint16_t origin, std::size_t nodes_per_zone) {
  if (const auto put = api.call("PUT", "/v1/zones", kZonesBody); !put) return Fail(put.error());
  const std::size_t nodes = kZones * nodes_per_zone;
  const auto zone_of = [&](std::size_t node) { return node / nodes_per_zone; };
  std::vector<Way> to;  // A node, from itself.
  for (std::size_t node = 0; node < nodes; ++node) {
    const std::string zone(1, static_cast<char>('a' + zone_of(node)));
    const auto port = api.add_proxy("node-" + std::to_string(node), origin, zone);
    if (!port) return Fail(port.error());
    to.push_back({*port, "127." + std::to_string(zone_of(node) + 1) + ".0." +
                             std::to_string(node % nodes_per_zone + 1)});
  }
  Mesh mesh;
  for (std::size_t from = 0; from < nodes; ++from) {
    for (std::size_t node = 0; node < nodes; ++node) {
      if (from == node) continue;
      const bool is_cut = (zone_of(from) == kCutZone) != (zone_of(node) == kCutZone);
      (is_cut ? mesh.cut : mesh.free).push_back({to[node].port, to[from].source});
    }
  }
  return mesh;
}

/// Echoes on some connections, and what came back in the present round.
class Flows {
 public:
  /// `target` must outlive it. `each`: connections for each of the ways.
  Flows(const Target& target, std::vector<Way> ways, std::size_t each, double rate, Role role)
      : connections_(each * ways.size()),
        load_(target,
              {.connections = connections_, .rate = rate, .ways = std::move(ways), .role = role}) {
    load_.observer = [this](const Message& message, TimePoint when) {
      echoes_.push_back({message.intended, when});
    };
  }

  Result<void> connect_all() { return load_.connect_all(); }

  /// Until all are back that were sent in `window`.
  void run(const Window& window) {
    echoes_.clear();
    result_ = load_.run(window);
  }

  std::size_t connections() const { return connections_; }
  const std::vector<Echo>& echoes() const { return echoes_; }
  const LoadResult& result() const { return result_; }

 private:
  const std::size_t connections_;
  EchoLoad load_;
  std::vector<Echo> echoes_;
  LoadResult result_;
};

/// One round: when it began, the marks, and when it ended; and what calls there were.
struct CutRound {
  std::array<TimePoint, kMarks.size() + 2> moments;
  std::array<Duration, kMarks.size()> replies{};
  TimePoint last_byte;           ///< On a flow that is cut, at either end.
  std::uint64_t late_bytes = 0;  ///< Those on such flows more than 100 ms after the call.
  std::uint64_t cut = 0;         ///< What Faultline says: connections cut,
  std::uint64_t crossed = 0;     ///< and connections and bytes that crossed nevertheless.
};

/// What all rounds gave, for one mark.
struct Figures {
  std::vector<double> before_ms;
  std::vector<double> after_ms;
  std::vector<double> moved_ms;
  std::vector<double> beyond_ms;  ///< What the same round moved by where nothing was done.
  std::vector<double> hiccup_ms;
  std::vector<double> reply_ms;
};

/// Messages on all flows all the while; in the middle of it zone b is cut off, and heals.
class ZoneCut {
 public:
  ZoneCut(FaultBench bench, const ZoneCutSettings& settings, const Target& target, Mesh mesh)
      : bench_(bench),
        settings_(settings),
        target_(target),
        each_(
            std::max<std::size_t>(settings.connections / (mesh.cut.size() + mesh.free.size()), 1)),
        cut_(target, std::move(mesh.cut), each_, settings.cut_rate, Role::kWatchedEcho),
        free_(target, std::move(mesh.free), each_, settings.free_rate, Role::kEcho) {}

  /// Errors: kNetwork.
  Result<void> connect_all() {
    if (auto connected = cut_.connect_all(); !connected) return connected;
    return free_.connect_all();
  }

  /// Errors: a call was refused or lost.
  Result<void> run_round() {
    const Window window{.warm_up = settings_.window / 2,
                        .length = settings_.window * (kMarks.size() + 1)};
    const TimePoint start = now() + window.warm_up;
    Result<CutRound> round;
    std::thread caller([&] { round = play(start); });
    std::thread other([&] { cut_.run(window); });
    free_.run(window);
    other.join();
    caller.join();
    if (!round) return Fail(round.error());
    if (!stop_requested()) judge(*round);
    return {};
  }

  std::size_t connections() const { return cut_.connections() + free_.connections(); }
  std::size_t cut_connections() const { return cut_.connections(); }
  const Figures& figures(Mark mark) const { return figures_[mark]; }
  const std::vector<double>& last_byte_ms() const { return last_byte_ms_; }
  std::uint64_t late_bytes() const { return late_bytes_; }
  std::uint64_t lost() const { return lost_; }

 private:
  /// Makes the calls of one round, and looks at what crosses.
  Result<CutRound> play(TimePoint start) {
    const auto wait = [&](std::size_t windows) {
      std::this_thread::sleep_until(start + settings_.window * windows);
      return now();
    };
    CutRound round;
    round.moments[0] = start;
    round.moments[1 + kNothing] = wait(1);

    const TimePoint called = round.moments[1 + kCut] = wait(2);
    target_.origin.watch(called + kInForceBy);
    const auto cut = bench_.api.time("POST", "/v1/partitions", kCutBody);
    if (!cut) return Fail(cut.error());
    round.replies[kCut] = *cut;

    wait(3);
    const auto effect = bench_.api.call("GET", std::string(kCutPath) + "/effect", "");
    if (!effect) return Fail(effect.error());
    round.cut = number_in(*effect, "cut");
    round.crossed = number_in(*effect, "crossed");
    const OriginCounters& seen = target_.origin.counters();
    round.late_bytes = seen.late_bytes;
    round.last_byte = seen.last_byte;
    target_.origin.watch(kNever);
    round.moments[1 + kHeal] = now();
    const auto healed = bench_.api.time("DELETE", kCutPath, "");
    if (!healed) return Fail(healed.error());
    round.replies[kHeal] = *healed;
    round.moments.back() = wait(4);
    return round;
  }

  void judge(CutRound& round) {
    const TimePoint called = round.moments[1 + kCut];
    const TimePoint healed = round.moments[1 + kHeal];
    for (const Echo& echo : cut_.echoes()) {
      if (echo.back >= healed) continue;
      round.last_byte = std::max(round.last_byte, echo.back);
      if (echo.back >= called + kInForceBy) round.late_bytes += kMessageBytes;
    }
    last_byte_ms_.push_back(milliseconds(std::max(round.last_byte - called, Duration(0))));
    late_bytes_ += round.late_bytes;
    for (const Flows* flows : {&cut_, &free_}) {
      lost_ += flows->result().lost;
      if (flows->result().failures > 0) add_problem(flows->result().first_failure);
    }
    if (round.late_bytes > 0) add_problem("bytes crossed more than 100 ms after the call");
    if (round.crossed > 0) add_problem("Faultline says itself that something has crossed");
    if (round.cut != cut_.connections()) {
      add_problem(std::to_string(round.cut) + " connections were cut instead of " +
                  std::to_string(cut_.connections()));
    }
    double usual = kNoValue;
    for (const Mark mark : {kNothing, kCut, kHeal}) {
      const auto shift = shift_at(round.moments[mark + 1], round.moments[mark],
                                  round.moments[mark + 2], free_.echoes());
      if (!shift) return add_problem("no messages came back");
      if (mark == kNothing) usual = shift->moved_ms();
      Figures& figures = figures_[mark];
      figures.before_ms.push_back(shift->before_ms);
      figures.after_ms.push_back(shift->after_ms);
      figures.moved_ms.push_back(shift->moved_ms());
      figures.beyond_ms.push_back(shift->moved_ms() - usual);
      figures.hiccup_ms.push_back(shift->hiccup_ms);
      figures.reply_ms.push_back(milliseconds(round.replies[mark]));
    }
    show_progress();
  }

  void show_progress() const {
    std::fprintf(stderr, "%s:", kZoneCut);
    for (const Mark mark : {kNothing, kCut, kHeal}) {
      std::fprintf(stderr, "  %s: p99 %+.2f ms, hiccup %.2f ms", kMarks[mark],
                   figures_[mark].moved_ms.back(), figures_[mark].hiccup_ms.back());
    }
    std::fprintf(stderr, "\n");
  }

  void add_problem(const std::string& what) { bench_.add_problem(kZoneCut, what); }

  static constexpr std::uint64_t kMessageBytes = EchoSettings{}.message_bytes;

  FaultBench bench_;
  const ZoneCutSettings settings_;
  const Target& target_;
  const std::size_t each_;
  Flows cut_;
  Flows free_;
  std::array<Figures, kMarks.size()> figures_;
  std::vector<double> last_byte_ms_;
  std::uint64_t late_bytes_ = 0;
  std::uint64_t lost_ = 0;
};

FaultTable empty_table(const ZoneCutSettings& settings, const ZoneCut& zones) {
  const double seconds = std::chrono::duration<double>(settings.window).count();
  return {
      .name = kZoneCut,
      .title = "A zone cut off " + std::to_string(zones.connections()) + " live connections",
      .note = "Three zones of " + std::to_string(settings.nodes_per_zone) +
              " nodes, each dialling all others through a proxy of theirs. On the " +
              std::to_string(zones.cut_connections()) +
              " connections between zone b and the others there are " +
              format_number(settings.cut_rate) + " 64-byte echoes a second, on all others " +
              format_number(settings.free_rate) +
              ", and these are what p99 and hiccup are of, counted from when each was to be sent. "
              "A round has four windows of " +
              format_number(seconds) +
              " s; between them nothing is done, zone b is cut off (blackhole), and it is healed. "
              "Moved: the p99 of the window after, less that of the window before. Beyond nothing: "
              "that, less what it moved by in the same round where nothing was done. Hiccup: the "
              "longest that a message took which was under way in the 100 ms that followed. Last "
              "byte: from the call to the last byte that crossed, at either end; late bytes are "
              "those that crossed more than 100 ms after the call. These have to be 0, as do "
              "echoes lost, on any connection, once zone b is healed. Rounds: " +
              std::to_string(settings.rounds) + "; all but least and most are medians of them.",
      .row_heading = "what is done",
      .columns = {{"before_p99_ms", "before: p99 (ms)"},
                  {"after_p99_ms", "after: p99 (ms)"},
                  {"moved_ms", "moved (ms)"},
                  {"moved_least_ms", "least"},
                  {"moved_most_ms", "most"},
                  {"beyond_nothing_ms", "beyond nothing (ms)"},
                  {"hiccup_ms", "hiccup (ms)"},
                  {"hiccup_most_ms", "most"},
                  {"reply_ms", "reply (ms)"},
                  {"reply_most_ms", "most"},
                  {"last_byte_ms", "last byte (ms)"},
                  {"last_byte_most_ms", "most"},
                  {"late_bytes", "late bytes"},
                  {"lost_echoes", "echoes lost"}},
      .rows = {}};
}

FaultTable::Row row_of(Mark mark, const ZoneCut& zones) {
  const Figures& figures = zones.figures(mark);
  const Spread moved = spread_of(figures.moved_ms);
  const Spread hiccup = spread_of(figures.hiccup_ms);
  FaultTable::Row row{
      kMarks[mark],
      {spread_of(figures.before_ms).median, spread_of(figures.after_ms).median, moved.median,
       moved.least, moved.most, kNoValue, hiccup.median, hiccup.most}};
  row.values.resize(14, kNoValue);
  if (mark == kNothing) return row;
  const Spread reply = spread_of(figures.reply_ms);
  row.values[5] = spread_of(figures.beyond_ms).median;
  row.values[8] = reply.median;
  row.values[9] = reply.most;
  if (mark == kCut) {
    const Spread last_byte = spread_of(zones.last_byte_ms());
    row.values[10] = last_byte.median;
    row.values[11] = last_byte.most;
    row.values[12] = static_cast<double>(zones.late_bytes());
  } else {
    row.values[13] = static_cast<double>(zones.lost());
  }
  return row;
}

}  // namespace

FaultTable measure_zone_cut(FaultBench bench, const ZoneCutSettings& settings) {
  const Wakefulness wakefulness;  // A processor that has to be woken first is a hiccup, too.
  const Target target = bench.proxy.target();
  auto mesh = make_mesh(bench.api, target.origin.port(), settings.nodes_per_zone);
  if (!mesh) {
    bench.add_problem(kZoneCut, mesh.error().message);
    FaultTable none;
    none.name = kZoneCut;
    return none;
  }
  ZoneCut zones(bench, settings, target, *std::move(mesh));
  FaultTable table = empty_table(settings, zones);
  Result<void> done = zones.connect_all();
  for (std::size_t i = 0; i < settings.rounds && done && !stop_requested(); ++i) {
    done = zones.run_round();
  }
  if (!done) bench.add_problem(kZoneCut, done.error().message);
  if (zones.figures(kHeal).moved_ms.empty()) return table;
  for (const Mark mark : {kNothing, kCut, kHeal}) table.rows.push_back(row_of(mark, zones));
  return table;
}

}  // namespace faultline::bench
