#include "toxics/corrupt.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace faultline {

namespace {

/// The walk starts anew at each multiple of this, so that any position can be
/// asked about without a walk from the start of the stream.
constexpr std::uint64_t kBlock = 4096;

constexpr std::uint64_t kNoHit = UINT64_MAX;

double log_of_miss(double rate) {
  return rate > 0 ? std::log1p(-std::min(rate, 1.0)) : 0;  // Not a number: never.
}

}  // namespace

// The key is the first draw of a copy: `memory` keeps all of its chance, so
// whoever follows on this link has the same key.
Corrupt::Corrupt(const Settings& settings, StageMemory& memory)
    : settings_(settings),
      memory_(memory),
      key_(Random(memory.random).next()),
      bits_key_(derive_key(key_, "bits")),
      fresh_from_(memory.passed_bytes),
      log_miss_(log_of_miss(settings.rate)) {}

void Corrupt::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  const std::uint64_t start = memory_.passed_bytes;
  const std::uint64_t end = start + chunk.size();
  memory_.passed_bytes = end;
  std::uint64_t hit = next_hit(std::max(start, fresh_from_), end);
  if (hit < end) {
    // Others may share the storage of the chunk.
    auto storage = std::make_shared_for_overwrite<char[]>(chunk.size());
    chunk.bytes().copy(storage.get(), chunk.size());
    for (; hit < end; hit = next_hit(hit + 1, end)) {
      char& byte = storage[static_cast<std::ptrdiff_t>(hit - start)];
      byte = static_cast<char>(byte ^ mask_at(hit));
    }
    chunk = Chunk(std::move(storage), chunk.size(), chunk.burst());
  }
  out.send(std::move(chunk), arrived);
}

/// The first position in [from, end) to be hit; if there is none, any not before `end`.
/// REQUIRES: `from` never goes back.
std::uint64_t Corrupt::next_hit(std::uint64_t from, std::uint64_t end) {
  std::uint64_t hit = log_miss_ < 0 ? next_chance_hit(from, end) : kNoHit;
  if (settings_.offset >= 0) {
    const auto chosen = static_cast<std::uint64_t>(settings_.offset);
    if (chosen >= from && chosen < end) hit = std::min(hit, chosen);
  }
  return hit;
}

std::uint64_t Corrupt::next_chance_hit(std::uint64_t from, std::uint64_t end) {
  while (from < end) {
    if (from >= block_end_) open_block(from / kBlock);
    while (hit_ < from) draw_hit();
    if (hit_ < block_end_) return hit_;
    from = block_end_;
  }
  return kNoHit;
}

void Corrupt::open_block(std::uint64_t block) {
  walk_ = Random(derive_key(key_, block));
  block_end_ = (block + 1) * kBlock;
  hit_ = block * kBlock - 1;  // Of the first block this wraps around, and back again below.
  draw_hit();
}

/// Moves hit_ on, over as many bytes as chance spares (a geometric draw).
void Corrupt::draw_hit() {
  const double spared = std::floor(std::log1p(-walk_.unit()) / log_miss_);
  const std::uint64_t next = hit_ + 1;
  const bool in_block = spared < static_cast<double>(block_end_ - next);
  hit_ = in_block ? next + static_cast<std::uint64_t>(spared) : block_end_;
}

/// Which bits of the byte at `position` are flipped: one of all sets of so many.
char Corrupt::mask_at(std::uint64_t position) const {
  Random chance(derive_key(bits_key_, position));
  int wanted = std::clamp(settings_.bits, 1, 8);
  unsigned mask = 0;
  for (int left = 8; wanted > 0; --left) {
    if (chance.between(1, left) > wanted) continue;
    mask |= 1U << static_cast<unsigned>(left - 1);
    --wanted;
  }
  return static_cast<char>(mask);
}

}  // namespace faultline
