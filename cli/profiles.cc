#include "cli/profiles.h"

#include "base/nearest_name.h"

namespace faultline {

namespace {

/// A path with these figures; the loss holds for each direction.
NewToxic path(double rtt_ms, const std::string& loss, std::int64_t kilobytes_per_second = 0) {
  NewToxic toxic{.type = "path", .attributes = {{"rtt", rtt_ms}}};
  if (!loss.empty()) toxic.attributes["loss"] = loss;
  if (kilobytes_per_second > 0) toxic.attributes["rate"] = kilobytes_per_second;
  return toxic;
}

/// What a path cannot do: each direction with a rate of its own.
NewToxic bandwidth(const std::string& stream, std::int64_t kilobytes_per_second) {
  return {.type = "bandwidth", .stream = stream, .attributes = {{"rate", kilobytes_per_second}}};
}

NewToxic loss_in_bursts(const std::string& stream) {
  return {.type = "packet_loss", .stream = stream, .attributes = {{"p", "0.05%"}, {"r", "20%"}}};
}

const char* const kComcast =
    "Latency, rate and loss of the table in the README of comcast (github.com/tylertreat/comcast), "
    "taken as round trip, rate each way and loss each way; the queue is ours: one round trip's "
    "worth, 64 KB at least.";

std::vector<Profile> wide_area() {
  return {
      {"3g",
       "A phone on 3G: slow, far, a packet lost now and then.",
       std::string(kComcast) + " 250 ms, 750 kbit/s, 1.5 %.",
       {path(250, "1.5%", 94)}},
      {"edge",
       "A phone on EDGE (2.75G): farther, and a third of 3G's rate.",
       std::string(kComcast) + " 300 ms, 250 kbit/s, 1.5 %.",
       {path(300, "1.5%", 31)}},
      {"lte",
       "A phone on LTE: fast enough, with a mobile network's round trip.",
       "Delays of Apple's Network Link Conditioner as others wrote them down, 50 ms down and 65 ms "
       "up, which makes a round trip of 115 ms. The rates, 50 Mbit/s down and 10 Mbit/s up, and "
       "the loss of 0.1 % are assumptions of ours.",
       {path(115, "0.1%"), bandwidth("downstream", 6250), bandwidth("upstream", 1250)}},
      {"dsl",
       "A line at home: 8 Mbit/s, and half a percent of loss.",
       std::string(kComcast) + " 40 ms, 8 Mbit/s, 0.5 %.",
       {path(40, "0.5%", 1000)}},
      {"wifi",
       "A good wireless network at home, and the Internet behind it.",
       std::string(kComcast) + " 40 ms, 30 Mbit/s, 0.2 %.",
       {path(40, "0.2%", 3750)}},
      {"satellite",
       "A geostationary satellite: much bandwidth, and light takes half a second.",
       "Geometry: 35,786 km four times is 477 ms at the speed of light; that ground stations and "
       "modems make 600 ms of it, 25 Mbit/s down, 3 Mbit/s up and a loss of 0.5 % are assumptions "
       "of ours. (Low orbits are another thing: comcast has 20 ms and 2.5 % for Starlink.)",
       {path(600, "0.5%"), bandwidth("downstream", 3125), bandwidth("upstream", 375)}},
      {"dialup",
       "A modem on a telephone line: 5 KB in a second.",
       std::string(kComcast) + " 185 ms, 40 kbit/s, 2 %.",
       {path(185, "2%", 5)}},
      {"very-bad",
       "A network that is all but unusable: a second's round trip, a tenth lost.",
       "The delay of Network Link Conditioner's `Very Bad Network` as others wrote it down, 500 ms "
       "each way. The rate of 1 Mbit/s and the loss of 10 % each way are assumptions of ours.",
       {path(1000, "10%", 125)}},
  };
}

std::vector<Profile> data_centre() {
  return {
      {"same-zone",
       "Two machines in one zone: what loopback leaves out.",
       "An assumption of ours: 0.3 ms of round trip, through two switches and two kernels. "
       "Measure yours with ping; no loss and no limit to the rate.",
       {path(0.3, "")}},
      {"cross-zone",
       "Two zones of one region: buildings some kilometres apart.",
       "An assumption of ours: 1 ms of round trip. Light in fibre needs that for 100 km; "
       "providers promise low single-digit milliseconds between zones.",
       {path(1, "")}},
      {"cross-region",
       "Two regions of one continent.",
       "Assumptions of ours: 60 ms of round trip, which light in fibre needs for 6,000 km, and "
       "0.01 % of loss each way: little, and at this distance enough to be felt in bulk.",
       {path(60, "0.01%")}},
      {"congested-tor",
       "A rack's switch that others fill: queues, and bursts of loss.",
       "Assumptions of ours: each connection gets 1 Gbit/s of the uplink and 512 KiB of the "
       "switch's buffer, and others' bursts take about 0.4 % of the packets, four in a row on "
       "average. Real connections share that buffer; here each has its own.",
       {{.type = "path",
         .attributes = {{"rtt", 0.5},
                        {"rate", 125'000},
                        {"queue", 512 * 1024},
                        {"p", "0.1%"},
                        {"r", "25%"}}}}},
      {"gc-pause",
       "A server that stops the world: everything stands still, and then goes on.",
       "Assumptions of ours: 200 ms on average, every 20 s on average, both by chance; the first "
       "comes at once. As long as that are old generations' full collections of some gigabytes.",
       {{.type = "stall", .conditions = {.poisson = ToxicConditions::Turns{"200ms", "20s"}}}}},
      {"failing-nic",
       "A network card, cable or optic that goes bad: packets die in bursts.",
       "Assumptions of ours: about 0.25 % of the packets each way, five in a row on average. A bad "
       "card corrupts bits; checksums find them, so that what a service sees is loss, not wrong "
       "bytes. For bytes that are wrong beyond checksums add the toxic `corrupt`.",
       {loss_in_bursts("upstream"), loss_in_bursts("downstream")}},
  };
}

std::vector<Profile> all_profiles() {
  std::vector<Profile> all = wide_area();
  for (Profile& profile : data_centre()) all.push_back(std::move(profile));
  for (Profile& profile : all) {
    int number = 0;
    for (NewToxic& toxic : profile.toxics) {
      toxic.name = profile.name + "_" + std::to_string(++number);
    }
  }
  return all;
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = all_profiles();
  return all;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  for (const Profile& profile : profiles()) names.push_back(profile.name);
  return names;
}

Result<const Profile*> profile_named(const std::string& name) {
  for (const Profile& profile : profiles()) {
    if (profile.name == name) return &profile;
  }
  std::string hint = did_you_mean(name, profile_names());
  if (hint.empty()) {
    for (const std::string& known : profile_names()) {
      hint += (hint.empty() ? "; there are " : ", ") + known;
    }
  }
  return fail(ErrorKind::kInvalid, "no profile `" + name + "`" + hint);
}

}  // namespace faultline
