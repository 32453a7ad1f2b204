#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/document.h"
#include "proxy/spec.h"

namespace faultline {

/// Who wrote the document, and so how it is read.
enum class Dialect {
  /// Toxiproxy's clients: keys in any letter case, null is absent, unknown keys
  /// are ignored, attributes and toxicity have no bounds, whole numbers may be
  /// written 100.0, `attributes` may be [], `enabled` may be "true".
  kToxiproxy,
  /// Our configuration file: unknown keys are refused with the nearest valid
  /// name, values are checked against the catalogue's bounds, toxicity is 0 to 1.
  kStrict,
  /// Our own API: the same, and what has a unit is written with it, "200ms".
  kV1,
};

/// Whether what is not understood is refused.
inline bool is_strict(Dialect dialect) {
  return dialect != Dialect::kToxiproxy;
}

/// All errors are kInvalid. Toxiproxy's words where its clients see them
/// ("missing required field: name", "invalid toxic type", "stream was invalid,
/// can be either upstream or downstream", "bad request body: ..." for wrong
/// JSON types), with a "LINE:COLUMN: " prefix where the document has places.

/// What a proxy may say of itself.
const std::vector<std::string>& proxy_keys();

/// A proxy to create. `toxics` are decoded too; two of one name are refused.
Result<ProxySpec> decode_proxy(const Document& document, Dialect dialect);

/// A list of proxies to populate: "missing required field: name at proxy 2".
Result<std::vector<ProxySpec>> decode_proxies(const Document& document, Dialect dialect);

/// Changes to an existing proxy; `name` is checked for type and ignored.
Result<ProxyChange> decode_proxy_change(const Document& document, Dialect dialect);

/// What a toxic may say of itself. `engine` is part of a reply: it is read, and
/// ignored, so that what the API shows can be kept as a configuration.
const std::vector<std::string>& toxic_keys();

/// A toxic to add, its name defaulting to <type>_<stream>.
Result<ToxicSpec> decode_toxic(const Document& document, Dialect dialect);

/// The same, but its attributes are not looked at and have their defaults:
/// Toxiproxy finds that a name is taken before it reads the attributes.
Result<ToxicSpec> decode_toxic_without_attributes(const Document& document, Dialect dialect);

/// Changes to `toxic`, of its toxicity, attributes, `affects`, `on_remove` and `shadow`. What it
/// is, its name, type and stream, is ignored; a condition that it does not have is refused.
Result<ToxicChange> decode_toxic_change(const Document& document, const ToxicSpec& toxic,
                                        Dialect dialect);

}  // namespace faultline
