#include "toxics/bandwidth.h"

#include <utility>

namespace faultline {

Bandwidth::Bandwidth(Rate rate) : rate_(rate), piece_bytes_(rate.piece()) {}

void Bandwidth::on_start(TimePoint now, Outlet& /*out*/) {
  busy_since_ = now;
}

void Bandwidth::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (rate_.is_zero()) {
    out.send(std::move(chunk), kNever);
    return;
  }
  if (arrived > transmitted(busy_bytes_)) {
    busy_since_ = arrived;
    busy_bytes_ = 0;
  }
  while (chunk.size() > piece_bytes_) {
    busy_bytes_ += piece_bytes_;
    out.send(chunk.take_front(piece_bytes_), transmitted(busy_bytes_));
  }
  busy_bytes_ += chunk.size();
  out.send(std::move(chunk), transmitted(busy_bytes_));
}

TimePoint Bandwidth::transmitted(std::uint64_t end) const {
  return after(busy_since_, rate_.time_for(end));
}

}  // namespace faultline
