#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "cli/toxic_arguments.h"
#include "toxics/catalog.h"

namespace faultline {

/// Whether a toxic of `type` works on one stream, which --on, --upstream or --downstream can say.
/// The error (kInvalid): one of them is given, and means nothing to this type.
Result<bool> has_stream(const ToxicType& type, const ToxicArguments& arguments);

/// The toxic that the words of `toxic add` describe, as /v1 takes it: checked, as far as that
/// can be without a server. Errors: kInvalid, in the words of the command line.
Result<nlohmann::ordered_json> toxic_request(const ToxicArguments& arguments);

/// What `toxic update` changes in a toxic of `type`, as a PATCH of /v1 takes it. Errors: kInvalid.
Result<nlohmann::ordered_json> toxic_patch(const ToxicArguments& arguments, const ToxicType& type);

/// `error` of /v1 about a toxic, where its pointer names what an option says: told of that
/// option. "ttl must be at least 1ms" at "/ttl" is "--for must be at least 1ms".
Error in_options(Error error, const ToxicArguments& arguments);

}  // namespace faultline
