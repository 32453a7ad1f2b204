#include "toxics/delay_attributes.h"
#include "toxics/limit_time.h"
#include "toxics/mtu_blackhole.h"
#include "toxics/noop.h"
#include "toxics/stall.h"
#include "toxics/type_lists.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Made = std::unique_ptr<Toxic>;

/// Whose bytes or packets a fault is about. The order is that of `side`'s choices.
enum class Side { kBoth, kClient, kUpstream };

AttributeType side_attribute(const std::string& summary, Side preset = Side::kBoth) {
  return {.name = "side",
          .unit = "name",
          .summary = summary,
          .default_value = static_cast<std::int64_t>(preset),
          .quantity = Quantity::kChoice,
          .choices = {"both", "client", "upstream"}};
}

AttributeType scope_attribute() {
  return {.name = "scope",
          .unit = "name",
          .summary = "which connections: all, those made from now on, or those open now",
          .quantity = Quantity::kChoice,
          .choices = {"both", "new", "open"}};
}

bool has_client(Side side) {
  return side != Side::kUpstream;
}
bool has_upstream(Side side) {
  return side != Side::kClient;
}

/// The links whose source is on that side.
Links links_from(Side side) {
  if (side == Side::kBoth) return Links::kBoth;
  return side == Side::kClient ? Links::kUpstream : Links::kDownstream;
}

Effects blackhole(const Attributes& set, const SampleTable* /*samples*/,
                  const Placement& placement) {
  const Side side = set[0].as<Side>();
  Effects effects{
      .scope = set[1].as<Scope>(), .links = links_from(side), .reception = Reception::kHold};
  if (!placement.can_filter_packets) return effects;
  effects.engine = Engine::kKernel;
  effects.from_client.drop_all = has_client(side);
  effects.from_upstream.drop_all = has_upstream(side);
  effects.from_dialling.drop_all = has_client(side);
  return effects;
}

Effects zero_window(const Attributes& set, const SampleTable* /*samples*/,
                    const Placement& /*placement*/) {
  const Side side = set[0].as<Side>();
  return {.scope = set[1].as<Scope>(),
          .links = links_from(side),
          .shuts_client_window = has_client(side),
          .shuts_upstream_window = has_upstream(side)};
}

Effects mtu_blackhole(const Attributes& set, const SampleTable* /*samples*/,
                      const Placement& placement) {
  const auto mtu = static_cast<std::size_t>(set[0].number);
  const Side side = set[1].as<Side>();
  Effects effects{.scope = set[2].as<Scope>(), .links = links_from(side)};
  if (!placement.can_filter_packets) return effects;
  effects.engine = Engine::kKernel;
  effects.links = Links::kNone;
  if (has_client(side)) effects.from_client.longer_than = mtu;
  if (has_upstream(side)) effects.from_upstream.longer_than = mtu;
  return effects;
}

/// Of `refuse`, `reset` and `close`: what open connections see is a stage's doing.
template <Reception reception, Listening listening>
Effects ending(const Attributes& set, const SampleTable* /*samples*/,
               const Placement& /*placement*/) {
  return {.scope = set.back().as<Scope>(),
          .links = Links::kWhole,
          .reception = reception,
          .listening = listening};
}

template <Links links>
Effects scoped(const Attributes& set, const SampleTable* /*samples*/,
               const Placement& /*placement*/) {
  return {.scope = set.back().as<Scope>(), .links = links};
}

template <class Stage>
Made make_plain(const Attributes& /*set*/, StageMemory& /*memory*/) {
  return std::make_unique<Stage>();
}

template <LimitTime::Ending ending>
Made make_end_now(const Attributes& /*set*/, StageMemory& memory) {
  return std::make_unique<LimitTime>(Duration(0), ending, memory);
}

// ---- In words -----------------------------------------------------------------

std::string side_words(Side side) {
  if (side == Side::kBoth) return "both sides";
  return side == Side::kClient ? "the client" : "the server";
}

/// For the end of a clause.
std::string scope_words(const AttributeValue& scope) {
  if (scope.number == 0) return "";
  return scope.as<Scope>() == Scope::kNew ? ", on connections younger than this"
                                          : ", on connections older than this";
}

/// Of a type that has nothing but a scope.
template <const char* const& text>
std::string fixed_words(const Attributes& set, Direction /*stream*/) {
  return text + scope_words(set[0]);
}

constexpr const char* kRefuseWords =
    "nobody listens: connecting is refused, and open connections are reset";
constexpr const char* kResetWords =
    "every connection is reset at once (RST to both sides), open or new";
constexpr const char* kCloseWords =
    "every connection is closed at once (FIN to both sides), open or new";

std::string blackhole_words(const Attributes& set, Direction /*stream*/) {
  const Side side = set[0].as<Side>();
  return "packets from " + side_words(side) +
         " vanish: they are neither answered nor acknowledged" +
         (has_client(side) ? ", and connecting hangs" : "") + scope_words(set[1]);
}

std::string stall_words(const Attributes& set, Direction /*stream*/) {
  const Side side = set[0].as<Side>();
  return "connections stay open, and no byte from " +
         (side == Side::kBoth ? "either side" : side_words(side)) + " moves; none is lost" +
         scope_words(set[1]);
}

std::string zero_window_words(const Attributes& set, Direction /*stream*/) {
  return "bytes from " + side_words(set[0].as<Side>()) +
         " are not read, so that the sender's window closes" + scope_words(set[1]);
}

std::string half_close_words(const Attributes& set, Direction stream) {
  const std::string when =
      set[0].number == 0 ? "at once" : "after " + words_of_milliseconds(set[0].number);
  return words_of_stream(stream) + " end (FIN) " + when + ", and the other direction goes on" +
         scope_words(set[1]);
}

std::string limit_time_words(const Attributes& set, Direction /*stream*/) {
  const bool resets = set[kDelayAttributes].number == 1;
  return std::string("each connection is ") + (resets ? "reset (RST" : "closed (FIN") +
         " to both sides) after " + delay_words(set) + ", however busy it is" +
         scope_words(set.back());
}

std::string mtu_blackhole_words(const Attributes& set, Direction /*stream*/) {
  return "packets from " + side_words(set[1].as<Side>()) + " of more than " +
         std::to_string(set[0].number) + " bytes vanish: small messages pass, large ones hang" +
         scope_words(set[2]);
}

std::string connect_delay_words(const Attributes& set, Direction /*stream*/) {
  return "connections are accepted at once, and the server is dialled " + delay_words(set) +
         " later" + correlation_words(set[kDelayAttributes]);
}

std::string upstream_down_words(const Attributes& set, Direction /*stream*/) {
  return set[0].number == 0
             ? "while the server is down, clients see what dialling it sees: refused, reset or "
               "silence"
             : "while the server is down, clients are accepted and then reset";
}

// ---- The types ----------------------------------------------------------------

ToxicType blackhole_type() {
  return {.name = "blackhole",
          .summary = "Nothing is answered and nothing acknowledged: a host or zone that is gone.",
          .attributes = {side_attribute("whose packets vanish"), scope_attribute()},
          .make = make_plain<Stall>,
          .effects = blackhole,
          .passes_nothing = true,
          .words = blackhole_words};
}

ToxicType stall_type() {
  return {.name = "stall",
          .summary = "Connections stay open and no byte moves; none is lost.",
          .attributes = {side_attribute("whose bytes stand still"), scope_attribute()},
          .make = make_plain<Stall>,
          .effects =
              [](const Attributes& set, const SampleTable*, const Placement&) {
                return Effects{.scope = set[1].as<Scope>(), .links = links_from(set[0].as<Side>())};
              },
          .passes_nothing = true,
          .words = stall_words};
}

ToxicType zero_window_type() {
  return {
      .name = "zero_window",
      .summary = "Accepts and never reads: the sender's window closes.",
      .attributes = {side_attribute("whose bytes are not read", Side::kClient), scope_attribute()},
      .make = [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(0); },
      .effects = zero_window,
      .passes_nothing = true,
      .words = zero_window_words};
}

ToxicType refuse_type() {
  return {.name = "refuse",
          .summary = "Nobody listens: connecting is refused, open connections are reset.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kReset>,
          .effects = ending<Reception::kReset, Listening::kClosed>,
          .words = fixed_words<kRefuseWords>};
}

ToxicType reset_type() {
  return {.name = "reset",
          .summary = "Resets every connection at once (RST to both sides), open or new.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kReset>,
          .effects = ending<Reception::kReset, Listening::kOpen>,
          .words = fixed_words<kResetWords>};
}

ToxicType close_type() {
  return {.name = "close",
          .summary = "Closes every connection at once (FIN to both sides), open or new.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kClose>,
          .effects = ending<Reception::kClose, Listening::kOpen>,
          .words = fixed_words<kCloseWords>};
}

ToxicType half_close_type() {
  return {.name = "half_close",
          .summary = "Ends one direction (FIN); the other goes on.",
          .attributes = {{"delay", "ms", "how long after the toxic took hold"}, scope_attribute()},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<LimitTime>(saturated_milliseconds(set[0].number),
                                               LimitTime::Ending::kFinish, memory);
          },
          .effects = scoped<Links::kOwn>,
          .words = half_close_words};
}

ToxicType limit_time_type() {
  std::vector<AttributeType> attributes =
      delay_attributes("time", "how long after the toxic took hold");
  attributes.push_back({.name = "how",
                        .unit = "name",
                        .summary = "with FIN or RST to both sides",
                        .quantity = Quantity::kChoice,
                        .choices = {"close", "reset"}});
  attributes.push_back(scope_attribute());
  return {.name = "limit_time",
          .summary = "Ends each connection after a while, however busy it is.",
          .attributes = attributes,
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<LimitTime>(
                drawn_wait(set, memory), set[kDelayAttributes].as<LimitTime::Ending>(), memory);
          },
          .effects = scoped<Links::kWhole>,
          .check = check_delay("time"),
          .words = limit_time_words};
}

ToxicType backlog_full_type() {
  return {.name = "accept_backlog_full",
          .summary = "The queue of new connections is full: connecting hangs, open ones go on.",
          .attributes = {},
          .make = make_plain<Noop>,
          .effects =
              [](const Attributes&, const SampleTable*, const Placement&) {
                return Effects{.scope = Scope::kNew,
                               .links = Links::kNone,
                               .reception = Reception::kHold,
                               .listening = Listening::kFull};
              },
          .words =
              [](const Attributes&, Direction) {
                return std::string(
                    "connecting hangs, for the queue of new connections is full; open ones go on");
              }};
}

ToxicType mtu_blackhole_type() {
  return {.name = "mtu_blackhole",
          .summary = "Large packets vanish: small messages pass, large ones hang.",
          .attributes = {{.name = "mtu",
                          .unit = "bytes",
                          .summary = "the longest packet that passes, headers counted in",
                          .default_value = 1400,
                          .at_least = 68},  // RFC 791: every path takes as much.
                         side_attribute("whose packets vanish"),
                         scope_attribute()},
          .make = [](const Attributes& set, StageMemory&) -> Made {
            return std::make_unique<MtuBlackhole>(static_cast<std::size_t>(set[0].number));
          },
          .effects = mtu_blackhole,
          .words = mtu_blackhole_words};
}

ToxicType connect_delay_type() {
  std::vector<AttributeType> attributes = delay_attributes("delay", "how long after accepting");
  attributes.push_back(
      correlation_attribute("how much a connection's delay is like that of the one before"));
  return {.name = "connect_delay",
          .summary = "Accepts at once, and dials the upstream later.",
          .attributes = attributes,
          .make = make_plain<Noop>,
          .effects =
              [](const Attributes& set, const SampleTable* samples, const Placement&) {
                Effects effects{.scope = Scope::kNew, .links = Links::kNone};
                if (auto model = delay_model(set, samples)) {
                  effects.dial_delay = {*model, set[kDelayAttributes].decimal()};
                }
                return effects;
              },
          .check = check_delay("delay"),
          .words = connect_delay_words};
}

ToxicType upstream_down_type() {
  return {.name = "upstream_down",
          .summary = "Clients see what dialling the upstream sees: refused, reset or silence.",
          .attributes = {{.name = "mode",
                          .unit = "name",
                          .summary = "mirror the upstream in the listener too, by dialling it five "
                                     "times a second; or reset those whose dial has failed",
                          .quantity = Quantity::kChoice,
                          .choices = {"mirror", "reset"}}},
          .make = make_plain<Noop>,
          .effects =
              [](const Attributes& set, const SampleTable*, const Placement&) {
                return Effects{.links = Links::kNone,
                               .resets_undialled = true,
                               .mirrors_upstream = set[0].number == 0};
              },
          .words = upstream_down_words};
}

}  // namespace

std::vector<ToxicType> outage_types() {
  return {blackhole_type(),    stall_type(),         zero_window_type(),   refuse_type(),
          reset_type(),        close_type(),         half_close_type(),    limit_time_type(),
          backlog_full_type(), mtu_blackhole_type(), connect_delay_type(), upstream_down_type()};
}

}  // namespace faultline
