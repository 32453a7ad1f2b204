#include "toxics/slicer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace faultline {

namespace {

constexpr std::int64_t kMostPieces = 1024;
constexpr std::int64_t kLargestChunk = Toxic::kSmallWindow;

}  // namespace

Slicer::Slicer(std::int64_t average, std::int64_t variation, Duration pause, StageMemory& memory)
    : average_(average),
      variation_(std::clamp<std::int64_t>(variation, 0, kLargestChunk)),
      pause_(std::max(pause, Duration(0))),
      memory_(memory) {}

void Slicer::on_start(TimePoint now, Outlet& /*out*/) {
  next_at_ = now;
}

void Slicer::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  next_at_ = std::max(next_at_, arrived);
  // Halves still to be looked at, the foremost last.
  std::vector<std::int64_t> todo = {static_cast<std::int64_t>(chunk.size())};
  while (!todo.empty()) {
    const std::int64_t size = todo.back();
    const std::int64_t front = cut(size);
    if (front < size) {
      todo.back() = size - front;
      todo.push_back(front);
      continue;
    }
    todo.pop_back();
    out.send(todo.empty() ? std::move(chunk) : chunk.take_front(static_cast<std::size_t>(size)),
             next_at_);
    next_at_ = after(next_at_, pause_);
  }
}

std::int64_t Slicer::cut(std::int64_t size) {
  if (average_ <= 0 || size - average_ <= variation_ || size < 2) return size;
  std::int64_t middle = size / 2;
  if (variation_ > 0) middle += memory_.random.between(-variation_, variation_ - 1);
  return std::clamp<std::int64_t>(middle, 1, size - 1);
}

std::size_t Slicer::window() const {
  if (average_ <= 0 || average_ >= kLargestChunk / kMostPieces) return kSmallWindow;
  return static_cast<std::size_t>(average_ * kMostPieces);
}

}  // namespace faultline
