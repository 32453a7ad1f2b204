#pragma once

#include <uv.h>

namespace faultline {

/// Runs `loop` until everything on it has ended, and closes it. Waits a second
/// at most: a name lookup can hang for longer, and libuv waits for it even in
/// exit(). If it does, the process ends here and now, with `status`.
/// REQUIRES: every handle on the loop is being closed.
void close_loop_or_exit(uv_loop_t& loop, int status);

}  // namespace faultline
