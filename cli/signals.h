#pragma once

#include <uv.h>

#include <functional>
#include <vector>

#include "proxy/uv_handle.h"

namespace faultline {

/// Watches for signals on a loop.
class Signals {
 public:
  /// Calls `on_signal` with the number, from the loop. `loop` must outlive this.
  Signals(uv_loop_t& loop, const std::vector<int>& numbers, std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() = default;

 private:
  static void on_uv_signal(uv_signal_t* handle, int number) noexcept;

  std::function<void(int)> on_signal_;
  std::vector<OwnedHandle<uv_signal_t>> handles_;
};

}  // namespace faultline
