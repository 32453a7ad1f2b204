#include "cli/loop_end.h"

#include <cstdlib>
#include <memory>

#include "base/log.h"
#include "base/verify.h"
#include "proxy/uv_handle.h"

namespace faultline {

void close_loop_or_exit(uv_loop_t& loop, int status) {
  constexpr std::uint64_t kPatienceMs = 1'000;
  auto timer = std::make_unique<uv_timer_t>();
  VERIFY(uv_timer_init(&loop, timer.get()) == 0);
  OwnedHandle<uv_timer_t> patience(timer.release());
  const auto give_up = [](uv_timer_t* handle) { uv_stop(handle->loop); };
  VERIFY(uv_timer_start(patience.get(), give_up, kPatienceMs, 0) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(patience.get()));  // Not itself worth waiting for.
  uv_run(&loop, UV_RUN_DEFAULT);
  patience.reset();
  uv_run(&loop, UV_RUN_NOWAIT);
  if (uv_loop_close(&loop) == 0) return;
  stop_log();
  std::_Exit(status);
}

}  // namespace faultline
