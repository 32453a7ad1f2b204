#include "cli/terminal_size.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace faultline {

TerminalSize terminal_size() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  if (!known || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace faultline
