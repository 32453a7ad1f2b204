#pragma once

#include <cstdint>

#include "toxics/toxic.h"

namespace faultline {

/// Flips bits in what passes: damage that no checksum of the network caught.
///
/// TCP drops nearly all that a bad link damages, and sends it again; what this
/// toxic does is what then still gets through (a bad network card or memory, a
/// checksum that happened to fit). Which bits are flipped depends on the
/// toxic's key and the byte's position in the stream, not on how the stream is
/// cut into chunks. A change of settings concerns what arrives later: what was
/// let go, even if it is still held, stays as it is.
class Corrupt final : public Toxic {
 public:
  struct Settings {
    double rate = 0;           ///< The chance of each byte to be hit: 0 (or less) .. 1 (or more).
    std::int64_t offset = -1;  ///< The byte to be hit in any case; less than 0 for none.
    int bits = 1;              ///< How many bits of a byte that is hit are flipped: 1 .. 8.
  };

  /// Bytes are counted in `memory`, from 0 when the toxic reached the link, also
  /// across changes. `memory` outlives the toxic, and its chance is used by no other.
  Corrupt(const Settings& settings, StageMemory& memory);

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;

 private:
  std::uint64_t next_hit(std::uint64_t from, std::uint64_t end);
  std::uint64_t next_chance_hit(std::uint64_t from, std::uint64_t end);
  void open_block(std::uint64_t block);
  void draw_hit();
  char mask_at(std::uint64_t position) const;

  const Settings settings_;
  StageMemory& memory_;
  const std::uint64_t key_;         // Of which bytes are hit,
  const std::uint64_t bits_key_;    // and of which of their bits.
  const std::uint64_t fresh_from_;  // What is before this was dealt with by a predecessor.
  const double log_miss_;           // Of the chance that a byte is not hit; never above 0.

  // The walk over the bytes that chance hits: each block of the stream has its own.
  Random walk_{0};
  std::uint64_t hit_ = 0;        // The last hit drawn, or block_end_ if there is none left.
  std::uint64_t block_end_ = 0;  // Of the block that the walk is in.
};

}  // namespace faultline
