#pragma once

#include <cstdint>

namespace faultline::bench {

/// What the origin is to be for a connection.
enum class Role : std::uint32_t {
  kEcho,         ///< Sends back what it gets.
  kWatchedEcho,  ///< The same, and says when it got something: see OriginCounters.
  kSource,       ///< Sends the pattern until it is told to stop.
  kSink,         ///< Checks and counts what it gets.
  kAnswer,       ///< Sends `answer_bytes` of the pattern and closes, as an HTTP/1.0 server would.
};

/// The first bytes on every connection to the origin, from this machine to this machine.
struct Greeting {
  std::uint64_t nonce = 0;  ///< The origin's own: another run's load is turned away.
  std::uint32_t run = 0;    ///< Connections of a run that is over are not counted.
  Role role = Role::kEcho;
  std::uint64_t position = 0;  ///< In the pattern, of the first byte after the greeting.
  std::uint64_t answer_bytes = 0;
};

}  // namespace faultline::bench
