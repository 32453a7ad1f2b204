#include "bench/truth/cell.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace faultline::bench::truth {

namespace {

constexpr double kMostRttMs = 10'000;
constexpr std::size_t kLeastQueue = 64 * 1024;

/// The number after `key` in "rtt=40,loss=1%", or -1. "1%" is 0.01.
double number_after(const std::string& key, const std::string& text) {
  const std::size_t start = ("," + text).find("," + key + "=");
  if (start == std::string::npos) return -1;
  const char* const first = text.c_str() + start + key.size() + 1;
  char* end = nullptr;
  double number = std::strtod(first, &end);
  if (end == first) return -1;
  if (*end == '%') {
    number /= 100;
    ++end;
  }
  return *end == '\0' || *end == ',' ? number : -1;
}

}  // namespace

const char* text_of(LossOn loss_on) {
  switch (loss_on) {
    case LossOn::kDownstream:
      return "downstream";
    case LossOn::kUpstream:
      return "upstream";
    case LossOn::kBoth:
      break;
  }
  return "both";
}

std::string Cell::label() const {
  char text[64];
  std::snprintf(text, sizeof text, "RTT %g ms, loss %g %%", rtt_ms, loss * 100);
  return text;
}

LinkSettings link_settings(const Cell& cell, const LinkKind& kind, double bytes_per_second) {
  const LossSettings loss = kind.burst_length > 1
                                ? LossSettings::bursts(cell.loss, kind.burst_length)
                                : LossSettings::independent(cell.loss);
  DirectionSettings plain;
  plain.delay = Duration(static_cast<std::int64_t>(cell.rtt_ms / 2 * 1e6));
  LinkSettings settings{.upstream = plain, .downstream = plain};
  settings.downstream.bytes_per_second = bytes_per_second;
  settings.downstream.queue_bytes = queue_for(cell, bytes_per_second);
  if (kind.loss_on != LossOn::kUpstream) settings.downstream.loss = loss;
  if (kind.loss_on != LossOn::kDownstream) settings.upstream.loss = loss;
  return settings;
}

std::vector<Cell> full_grid() {
  std::vector<Cell> cells;
  for (const double rtt : {10, 40, 100}) {
    for (const double loss : {0.0, 0.001, 0.01, 0.03, 0.1}) {
      cells.push_back({.rtt_ms = rtt, .loss = loss});
    }
  }
  return cells;
}

std::vector<Cell> quick_grid() {
  return {{.rtt_ms = 40, .loss = 0},
          {.rtt_ms = 40, .loss = 0.01},
          {.rtt_ms = 40, .loss = 0.1},
          {.rtt_ms = 10, .loss = 0.03},
          {.rtt_ms = 100, .loss = 0.03}};
}

Result<Cell> parse_cell(const std::string& text) {
  const Cell cell{.rtt_ms = number_after("rtt", text), .loss = number_after("loss", text)};
  const bool is_rtt = cell.rtt_ms > 0 && cell.rtt_ms <= kMostRttMs;
  if (!is_rtt || cell.loss < 0 || cell.loss >= 1) {
    return fail(ErrorKind::kInvalid, "`" + text + "` is not a cell like rtt=40,loss=1%");
  }
  return cell;
}

std::size_t queue_for(const Cell& cell, double bytes_per_second) {
  if (bytes_per_second <= 0) return 0;
  return std::max(kLeastQueue, static_cast<std::size_t>(bytes_per_second * cell.rtt_ms / 1e3));
}

}  // namespace faultline::bench::truth
