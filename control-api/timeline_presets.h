#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/document.h"

namespace faultline {

/// A timeline that ships with Faultline.
struct TimelinePreset {
  std::string_view name;
  std::string_view summary;
  std::string_view yaml;  ///< Its document, with placeholders.
};

/// In the order people should read them.
const std::vector<TimelinePreset>& timeline_presets();

/// Null if there is none of that name.
const TimelinePreset* find_timeline_preset(std::string_view name);

/// Its document, without places: nobody has written it.
Document document_of(const TimelinePreset& preset);

/// "there is no preset `az-isolate`; did you mean `az-isolated`?". Of kind kNotFound.
Fail no_such_preset(std::string_view name);

}  // namespace faultline
