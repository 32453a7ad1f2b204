#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "control-api/timeline.h"
#include "control-api/timeline_values.h"
#include "proxy/document.h"

namespace faultline {

/// A timeline as the command line names it: a preset, or a file.
struct TimelineSource {
  std::string file{};    ///< "": it is a preset.
  std::string preset{};  ///< Its name; "": it is a file.
  Document document{};   ///< With the places of a file's values.
};

/// The preset of that name, else the file. Errors (kInvalid): there is neither, "FILE:LINE:COLUMN:
/// what is wrong".
Result<TimelineSource> timeline_source(const std::string& word);

/// Whether the file at `path` is a timeline, and no configuration: a map that has steps. False
/// also if it cannot be read.
bool is_timeline_file(const std::string& path);

/// What --zone and --with say: "proxy=cache", or a list, "zones=a,b". Errors: kInvalid.
Result<TimelineValues> timeline_values(const std::string& zone,
                                       const std::vector<std::string>& with);

/// What the source is, played with these values at `speed` ("60x"; "": as written). Errors:
/// kInvalid, with the place in the file.
Result<Timeline> timeline_of(const TimelineSource& source, const TimelineValues& values,
                             const std::string& speed);

/// "timeline.yaml:3:5: ", where a server's `pointer` into a request's timeline points to in the
/// file; "" if that is not known.
std::string place_in_file(const TimelineSource& source, const std::string& pointer);

}  // namespace faultline
