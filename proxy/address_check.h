#pragma once

#include <string_view>

#include "base/result.h"

namespace faultline {

/// Whether a person's `text` is an address as parse_host_port() takes it. The
/// error (kInvalid) also says what was probably meant: "`http://db:80/` is a URL;
/// did you mean `db:80`?".
Result<void> check_address(std::string_view text);

}  // namespace faultline
