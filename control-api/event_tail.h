#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace faultline {

/// How an event log ends that an earlier run has left.
struct EventTail {
  std::uint64_t last_seq = 0;  ///< 0 if it has no event.
  bool is_orderly = true;      ///< Its last event is `server.stopped`, or it has none.
  std::string mended{};        ///< What had to be done about its last line, for the log, or "".
};

/// Reads the end of the event log at `path`, or of `path`.1 if there is none or
/// it is empty, and mends it: a last line without its end, which a crash has
/// torn, is completed if it is whole, and else removed. A file that is no event
/// log is left alone: kInvalid, as is one that cannot be read or written.
Result<EventTail> mend_event_log(const std::string& path);

}  // namespace faultline
