#pragma once

#include <nlohmann/json.hpp>

#include "proxy/connections.h"
#include "proxy/lingering.h"

namespace faultline {

/// Connections as /v1 shows them: times in RFC 3339, durations as "1.5s", bytes as numbers.
/// Names that are not UTF-8 stay as they are: whoever writes the text has to replace them.

/// {"id":"3-17","proxy":"redis","client":"127.0.0.1:40000","upstream":{"address":...,"local":...},
/// "state":"open","opened":...,"age":...,"idle":...,"upstream_bytes":{"received":...,"sent":...,
/// "held":...,"waiting":...},"downstream_bytes":{...},"toxics":[{"name":...,"type":...,
/// "stream":...,"in_force":true,"bytes":{"passed":...,"delayed":...,"dropped":...,"held":...}}]}
///
/// `upstream` is null until the upstream has been reached; a toxic that is not in
/// force has "why_not": see Verdict.
nlohmann::ordered_json to_json(const ConnectionView& connection);

/// {"connections":[...],"next":"3-17"}; `next` is null where there are no more.
nlohmann::ordered_json to_json(const ConnectionPage& page);

/// {"id":...,"proxy":...,"client":...,"opened":...,"ended":...,"lasted":...,"ended_by":"toxic",
/// "with":"rst","upstream_bytes":{"received":...,"sent":...},"downstream_bytes":{...},
/// "toxics":["lag"]}, and "more_toxics":4 where the list is cut.
nlohmann::ordered_json to_json(const EndedConnection& connection);

/// {"live":[...],"ended":[...]}
nlohmann::ordered_json to_json(const ClientHistory& history);

/// {"kind":"held-bytes","proxy":"redis","count":512}; a toxic has its name, "toxic":"lag",
/// instead of a count, and closing sockets have no proxy.
nlohmann::ordered_json to_json(const Lingering& lingering);

}  // namespace faultline
