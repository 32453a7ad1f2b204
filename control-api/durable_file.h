#pragma once

#include <string>

#include "base/result.h"

namespace faultline {

/// Small files that a crash of the machine leaves as they were or as they shall be. Both block.

/// Makes `text` the contents of the file at `path`, on disk when this returns, by way of
/// `path`.new. Its folder is made if there is none. Errors: kNetwork, it cannot be written.
Result<void> write_durably(const std::string& path, const std::string& text);

/// Removes the file at `path`, if there is one. If its folder cannot be synced, a crash may
/// bring it back. Errors: kNetwork.
Result<void> remove_durably(const std::string& path);

}  // namespace faultline
