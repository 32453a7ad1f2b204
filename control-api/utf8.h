#pragma once

#include <cstddef>
#include <string_view>

namespace faultline {

/// How many bytes the well-formed UTF-8 character at `position` takes (1 to 4),
/// or 0 if there is none: a stray byte, a cut or overlong sequence, a
/// surrogate, or a number above U+10FFFF. REQUIRES: position < text.size().
std::size_t utf8_length(std::string_view text, std::size_t position);

/// U+FFFD, which stands for what cannot be read.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace faultline
