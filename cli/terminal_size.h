#pragma once

#include <cstddef>

namespace faultline {

/// In characters.
struct TerminalSize {
  std::size_t width = 80;
  std::size_t height = 24;
};

/// Of the terminal at stdout, as it is now; the usual one if there is none.
TerminalSize terminal_size();

}  // namespace faultline
