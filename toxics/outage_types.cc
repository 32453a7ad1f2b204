#include "toxics/delay_attributes.h"
#include "toxics/limit_time.h"
#include "toxics/mtu_blackhole.h"
#include "toxics/noop.h"
#include "toxics/stall.h"
#include "toxics/type_lists.h"

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

ToxicType blackhole_type() {
  return {.name = "blackhole",
          .summary = "Nothing is answered and nothing acknowledged: a host or zone that is gone.",
          .attributes = {side_attribute("whose packets vanish"), scope_attribute()},
          .make = make_plain<Stall>,
          .effects = blackhole,
          .passes_nothing = true};
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
          .passes_nothing = true};
}

ToxicType zero_window_type() {
  return {
      .name = "zero_window",
      .summary = "Accepts and never reads: the sender's window closes.",
      .attributes = {side_attribute("whose bytes are not read", Side::kClient), scope_attribute()},
      .make = [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(0); },
      .effects = zero_window,
      .passes_nothing = true};
}

ToxicType refuse_type() {
  return {.name = "refuse",
          .summary = "Nobody listens: connecting is refused, open connections are reset.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kReset>,
          .effects = ending<Reception::kReset, Listening::kClosed>};
}

ToxicType reset_type() {
  return {.name = "reset",
          .summary = "Resets every connection at once (RST to both sides), open or new.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kReset>,
          .effects = ending<Reception::kReset, Listening::kOpen>};
}

ToxicType close_type() {
  return {.name = "close",
          .summary = "Closes every connection at once (FIN to both sides), open or new.",
          .attributes = {scope_attribute()},
          .make = make_end_now<LimitTime::Ending::kClose>,
          .effects = ending<Reception::kClose, Listening::kOpen>};
}

ToxicType half_close_type() {
  return {.name = "half_close",
          .summary = "Ends one direction (FIN); the other goes on.",
          .attributes = {{"delay", "ms", "how long after the toxic took hold"}, scope_attribute()},
          .make = [](const Attributes& set, StageMemory& memory) -> Made {
            return std::make_unique<LimitTime>(saturated_milliseconds(set[0].number),
                                               LimitTime::Ending::kFinish, memory);
          },
          .effects = scoped<Links::kOwn>};
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
          .check = check_delay("time")};
}

ToxicType backlog_full_type() {
  return {.name = "accept_backlog_full",
          .summary = "The queue of new connections is full: connecting hangs, open ones go on.",
          .attributes = {},
          .make = make_plain<Noop>,
          .effects = [](const Attributes&, const SampleTable*, const Placement&) {
            return Effects{.scope = Scope::kNew,
                           .links = Links::kNone,
                           .reception = Reception::kHold,
                           .listening = Listening::kFull};
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
          .effects = mtu_blackhole};
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
          .check = check_delay("delay")};
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
          .effects = [](const Attributes& set, const SampleTable*, const Placement&) {
            return Effects{.links = Links::kNone,
                           .resets_undialled = true,
                           .mirrors_upstream = set[0].number == 0};
          }};
}

}  // namespace

std::vector<ToxicType> outage_types() {
  return {blackhole_type(),    stall_type(),         zero_window_type(),   refuse_type(),
          reset_type(),        close_type(),         half_close_type(),    limit_time_type(),
          backlog_full_type(), mtu_blackhole_type(), connect_delay_type(), upstream_down_type()};
}

}  // namespace faultline
