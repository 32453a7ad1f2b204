#pragma once

#include <string>

#include "base/result.h"
#include "proxy/document.h"

namespace faultline {

/// Puts what files say where a configuration names them: an attribute of
/// samples that says "@delays.csv" is that file's text after this. Paths are
/// relative to `folder`. `document` is a whole configuration in either shape; what
/// has another shape is left for the decoder to refuse.
/// Errors: kInvalid, "LINE:COLUMN: samples: `PATH`: cannot be read: ...". What is no
/// regular file is not opened: a pipe or a terminal could keep its reader for ever.
Result<void> read_sample_files(Document& document, const std::string& folder);

}  // namespace faultline
