#include "toxics/link_trace.h"
#include "toxics/noop.h"
#include "toxics/path_model.h"
#include "toxics/tcp_handshake.h"
#include "toxics/type_lists.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Made = std::unique_ptr<Toxic>;

AttributeType share(const std::string& name, const std::string& summary, std::int64_t preset = 0) {
  return {.name = name,
          .unit = "share",
          .summary = summary,
          .default_value = preset,
          .at_most = AttributeValue::kMillion,
          .quantity = Quantity::kProbability};
}

/// How packets are lost: the first attributes of both toxics, in this order.
enum LossIndex : std::size_t { kLoss, kCorrelation, kP, kR, kH, kK, kEvery, kLossAttributes };

/// The value of `r` that stands for 1 - p.
constexpr std::int64_t kOneLessP = -AttributeValue::kMillion;

std::vector<AttributeType> loss_attributes() {
  AttributeType r = share("r", "bursts: of bad to good; -1 is 1 - p", kOneLessP);
  r.at_least = kOneLessP;
  return {share("loss", "of packets, each by itself"),
          share("correlation", "how much a packet's fate is that of the one before"),
          share("p", "bursts (Gilbert-Elliott): the chance of each packet to turn good to bad"),
          r,
          share("h", "bursts: what gets through in bad times"),
          share("k", "bursts: what gets through in good times", AttributeValue::kMillion),
          {"every", "packets", "each so manyth is lost, and no other; 0 is none"}};
}

AttributeType congestion_attribute() {
  return {.name = "congestion",
          .unit = "name",
          .summary = "how the simulated TCP sender reacts to loss",
          .quantity = Quantity::kChoice,
          .choices = {"cubic", "reno"}};
}

/// For the end of a clause; nothing is said of the usual one.
std::string congestion_words(const AttributeValue& congestion) {
  return congestion.number == 0 ? "" : ", the sender's TCP being Reno";
}

AttributeType rtt_attribute(const std::string& summary) {
  return {.name = "rtt",
          .unit = "ms",
          .summary = summary,
          .at_most = 3'600'000 * AttributeValue::kMillion,
          .quantity = Quantity::kDecimal};
}

Duration milliseconds(const AttributeValue& decimal) {
  return saturated(decimal.number, 1);  // Millionths of a millisecond.
}

LossSettings loss_settings(const Attributes& set) {
  LossSettings loss{.loss = set[kLoss].decimal(),
                    .correlation = set[kCorrelation].decimal(),
                    .good_to_bad = set[kP].decimal(),
                    .bad_to_good = std::nullopt,
                    .loss_in_bad = 1 - set[kH].decimal(),
                    .loss_in_good = 1 - set[kK].decimal(),
                    .every = static_cast<std::uint64_t>(set[kEvery].number)};
  if (set[kR].number >= 0) loss.bad_to_good = set[kR].decimal();
  if (set[kEvery].number > 0) {
    loss.model = LossSettings::Model::kEvery;
  } else if (set[kP].number > 0 || set[kK].number < AttributeValue::kMillion) {
    loss.model = LossSettings::Model::kBursts;
  }
  return loss;
}

Result<void> check_loss(const Attributes& set) {
  const bool bursts = set[kP].number > 0 || set[kK].number < AttributeValue::kMillion;
  const int models =
      (set[kLoss].number > 0 ? 1 : 0) + (bursts ? 1 : 0) + (set[kEvery].number > 0 ? 1 : 0);
  if (models > 1) {
    return fail(ErrorKind::kInvalid, "loss, p (bursts) and every exclude each other: give one");
  }
  if (set[kCorrelation].number > 0 && set[kLoss].number == 0) {
    return fail(ErrorKind::kInvalid, "correlation goes with loss: p and r say how long bursts are");
  }
  if (set[kR].number < 0 && set[kR].number != kOneLessP) {
    return fail(ErrorKind::kInvalid, "r must be from 0 to 1, or -1 for 1 - p");
  }
  return {};
}

/// "5 % of packets", for "are lost"; empty if none is.
std::string loss_words(const Attributes& set) {
  const LossSettings loss = loss_settings(set);
  if (loss.model == LossSettings::Model::kEvery) {
    return "one packet in " + std::to_string(set[kEvery].number) + " is lost";
  }
  if (loss.model == LossSettings::Model::kBursts) {
    const std::int64_t r =
        set[kR].number >= 0 ? set[kR].number : AttributeValue::kMillion - set[kP].number;
    return "packets are lost in bursts (Gilbert-Elliott: p " + words_of_share(set[kP]) + ", r " +
           words_of_share(r) + ", h " + words_of_share(set[kH]) + ", k " + words_of_share(set[kK]) +
           ")";
  }
  if (set[kLoss].number == 0) return "no packet is lost";
  std::string text = words_of_share(set[kLoss]) + " of packets are lost";
  if (set[kCorrelation].number > 0) {
    text += ", each faring " + words_of_share(set[kCorrelation]) + " like the one before";
  }
  return text;
}

// ---- packet_loss -------------------------------------------------------------

enum PacketLossIndex : std::size_t { kRtt = kLossAttributes, kEngine, kCongestion };
enum class Wanted { kAuto, kKernel, kModel };

/// What only the model can do; empty if there is nothing.
std::string beyond_kernel(const Attributes& set) {
  if (set[kRtt].number > 0) return "an rtt";
  if (set[kEvery].number > 0) return "every";
  if (set[kCorrelation].number > 0) return "correlation";
  return "";
}

Effects packet_loss(const Attributes& set, const SampleTable* /*samples*/,
                    const Placement& placement) {
  const auto wanted = set[kEngine].as<Wanted>();
  const bool by_kernel =
      wanted != Wanted::kModel && placement.can_filter_packets && beyond_kernel(set).empty();
  if (!by_kernel) {
    Effects effects{.engine = Engine::kModel};
    if (wanted == Wanted::kKernel) {
      effects.refusal =
          "engine: the kernel's packet filters cannot be had here (see `faultline "
          "doctor`); `auto` and `model` serve it";
    }
    return effects;
  }
  Effects effects{.engine = Engine::kKernel, .links = Links::kNone};
  const LossSettings loss = loss_settings(set);
  const bool bursts = loss.model == LossSettings::Model::kBursts;
  if (bursts) {
    effects.bursts = LossBursts::Settings{.p = loss.good_to_bad,
                                          .r = loss.bad_to_good.value_or(1 - loss.good_to_bad),
                                          .loss_in_bad = loss.loss_in_bad,
                                          .loss_in_good = loss.loss_in_good};
  }
  const double share_lost = bursts ? LossBursts::mean_loss(*effects.bursts) : loss.loss;
  const bool is_up = placement.stream == Direction::kUpstream;
  (is_up ? effects.from_client : effects.from_upstream).loss = share_lost;
  if (is_up) effects.from_dialling.loss = share_lost;
  return effects;
}

std::string packet_loss_words(const Attributes& set, Direction stream) {
  std::string text = words_of_stream(stream) + " come late, for " + loss_words(set) +
                     " and sent again as TCP does it";
  if (set[kRtt].number > 0) {
    text += " over a round trip of " + words_of(milliseconds(set[kRtt]));
  }
  const auto engine = set[kEngine].as<Wanted>();
  if (engine == Wanted::kKernel) text += " (by the kernel)";
  if (engine == Wanted::kModel) text += " (by the model)";
  return text + congestion_words(set[kCongestion]);
}

Made make_packet_loss(const Attributes& set, StageMemory& memory) {
  PathModelSettings settings;
  settings.path.rtt = milliseconds(set[kRtt]);
  settings.path.loss = loss_settings(set);
  settings.path.congestion = set[kCongestion].as<CongestionControl::Algorithm>();
  settings.path.adds_delay = false;
  return std::make_unique<PathModel>(settings, memory);
}

ToxicType packet_loss_type() {
  std::vector<AttributeType> attributes = loss_attributes();
  attributes.push_back(
      rtt_attribute("of the path that loses them; 0: the real one's, as the kernel sees it"));
  attributes.push_back({.name = "engine",
                        .unit = "name",
                        .summary = "what serves it: the kernel drops packets, or a simulated "
                                   "sender says when bytes arrive",
                        .quantity = Quantity::kChoice,
                        .choices = {"auto", "kernel", "model"}});
  attributes.push_back(congestion_attribute());
  return {.name = "packet_loss",
          .summary = "Loses packets: bytes come late, as TCP sends them again. None is lost.",
          .attributes = attributes,
          .make = make_packet_loss,
          .effects = packet_loss,
          .check = [](const Attributes& set, const SampleTable*) -> Result<void> {
            const std::string beyond = beyond_kernel(set);
            if (set[kEngine].as<Wanted>() == Wanted::kKernel && !beyond.empty()) {
              return fail(ErrorKind::kInvalid, "the kernel cannot do " + beyond +
                                                   ": leave engine at auto, or say model");
            }
            return check_loss(set);
          },
          .words = packet_loss_words};
}

// ---- path --------------------------------------------------------------------

enum PathIndex : std::size_t {
  kPathRtt = kLossAttributes,
  kLossOn,
  kRate,
  kQueue,
  kPathCongestion
};
enum class LossOn { kBoth, kDownstream, kUpstream };

LossSettings loss_of(const Attributes& set, Direction direction) {
  const auto on = set[kLossOn].as<LossOn>();
  const LossOn own = direction == Direction::kUpstream ? LossOn::kUpstream : LossOn::kDownstream;
  return on == LossOn::kBoth || on == own ? loss_settings(set) : LossSettings{};
}

std::string path_words(const Attributes& set, Direction /*stream*/) {
  std::string text = "requests and answers go over a path";
  if (set[kPathRtt].number > 0) {
    text += " with a round trip of " + words_of(milliseconds(set[kPathRtt]));
  }
  if (set[kRate].number > 0) text += ", at " + words_of_rate(set[kRate].number) + " at most";
  if (set[kQueue].number > 0) {
    text += ", with a queue of " + words_of_bytes(static_cast<std::uint64_t>(set[kQueue].number));
  }
  text += ", where " + loss_words(set);
  const auto on = set[kLossOn].as<LossOn>();
  if (on == LossOn::kDownstream) text += " on the way to the client";
  if (on == LossOn::kUpstream) text += " on the way to the server";
  return text + congestion_words(set[kPathCongestion]);
}

Made make_path(const Attributes& set, StageMemory& memory) {
  const bool is_up = memory.direction == Direction::kUpstream;
  PathModelSettings settings;
  settings.path.rtt = milliseconds(set[kPathRtt]);
  settings.path.bytes_per_second = static_cast<std::uint64_t>(set[kRate].number) * 1000;
  settings.path.queue_bytes = static_cast<std::size_t>(set[kQueue].number);
  settings.path.loss = loss_of(set, memory.direction);
  settings.path.ack_loss = loss_of(set, is_up ? Direction::kDownstream : Direction::kUpstream);
  settings.path.congestion = set[kPathCongestion].as<CongestionControl::Algorithm>();
  if (memory.is_new) {  // Both links draw the same handshake.
    LossProcess to_server(loss_of(set, Direction::kUpstream), derive_key(memory.connection_key, 3));
    LossProcess to_client(loss_of(set, Direction::kDownstream),
                          derive_key(memory.connection_key, 4));
    const TcpHandshake handshake = tcp_handshake(settings.path.rtt, to_server, to_client);
    settings.handshake = handshake.takes;
    settings.path.handshake_was_retried =
        is_up ? handshake.client_retried : handshake.server_retried;
  }
  return std::make_unique<PathModel>(settings, memory);
}

ToxicType path_type() {
  std::vector<AttributeType> attributes = loss_attributes();
  attributes.push_back(rtt_attribute("round trip; each stream has half of it"));
  attributes.push_back({.name = "loss_on",
                        .unit = "name",
                        .summary = "which stream's packets are lost",
                        .quantity = Quantity::kChoice,
                        .choices = {"both", "downstream", "upstream"}});
  attributes.push_back({.name = "rate",
                        .unit = "KB/s",
                        .summary = "of its slowest part, in each direction; 0 is no limit",
                        .at_most = INT64_MAX / 1000});
  attributes.push_back(
      {.name = "queue",
       .unit = "bytes",
       .summary = "in front of that; what does not fit is lost. 0: one RTT's worth"});
  attributes.push_back(congestion_attribute());
  return {.name = "path",
          .summary = "A long, thin, lossy way, both streams: round trip, loss, rate and queue.",
          .attributes = attributes,
          .make = make_path,
          .effects =
              [](const Attributes&, const SampleTable*, const Placement&) {
                return Effects{.engine = Engine::kModel, .links = Links::kBoth};
              },
          .check = [](const Attributes& set, const SampleTable*) { return check_loss(set); },
          .words = path_words};
}

// ---- link_trace --------------------------------------------------------------

ToxicType link_trace_type() {
  return {.name = "link_trace",
          .summary = "Replays a recorded link: 1,500 bytes may pass at each time of a trace.",
          .attributes = {{.name = "trace",
                          .unit = "text",
                          .summary = "whole ms, one a line, in order, as Mahimahi records them",
                          .quantity = Quantity::kSamples}},
          .make = [](const Attributes&, StageMemory& memory) -> Made {
            if (memory.samples == nullptr) return std::make_unique<Noop>();  // Not without check.
            return std::make_unique<LinkTrace>(*memory.samples);
          },
          .check = [](const Attributes&, const SampleTable* trace) -> Result<void> {
            if (trace == nullptr) {
              return fail(ErrorKind::kInvalid,
                          "trace is missing: its lines, or @FILE on the command line or in the "
                          "configuration");
            }
            return check_link_trace(*trace);
          },
          .words =
              [](const Attributes&, Direction stream) {
                return words_of_stream(stream) +
                       " pass as on a recorded link: 1,500 bytes at each time of its trace";
              }};
}

}  // namespace

std::vector<ToxicType> network_types() {
  return {packet_loss_type(), path_type(), link_trace_type()};
}

}  // namespace faultline
