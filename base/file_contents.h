#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace faultline {

/// More than a configuration or a table of measurements needs.
inline constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20U;

/// What the file at `path` says, byte for byte. Errors: kInvalid, "cannot be
/// read: No such file or directory" or "larger than 16 MiB": the caller names the file.
Result<std::string> file_contents(const std::string& path);

}  // namespace faultline
