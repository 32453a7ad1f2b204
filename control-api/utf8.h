#pragma once

#include <cstddef>
#include <string_view>

namespace faultline {

/// How many bytes the well-formed UTF-8 character at `position` takes (1 to 4),
/// or 0 if there is none: a stray byte, a cut or overlong sequence, a
/// surrogate, or a number above U+10FFFF. REQUIRES: position < text.size().
std::size_t utf8_length(std::string_view text, std::size_t position);

/// Whether all of `text` is well-formed.
inline bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

/// U+FFFD, which stands for what cannot be read.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace faultline
