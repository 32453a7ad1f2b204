#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/console.h"
#include "cli/remote.h"

namespace faultline {

/// What a command ends with that has met `error`.
int exit_code_of(const Error& error);

/// Says on stderr that `what` ("Failed to create proxy") and why, and returns
/// the exit code for it.
int report(const Console& console, const std::string& what, const Error& error);

/// The same for a proxy that the server does not know: with the nearest it has.
int report_for_proxy(const Console& console, const Remote& remote, const std::string& what,
                     std::string_view proxy, Error error);

/// The URL of --host as a Remote. Errors: kInvalid.
Result<Remote> remote_at(const std::string& url);

}  // namespace faultline
