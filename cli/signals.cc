#include "cli/signals.h"

#include <memory>
#include <utility>

#include "base/verify.h"

namespace faultline {

Signals::Signals(uv_loop_t& loop, const std::vector<int>& numbers,
                 std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  for (const int number : numbers) {
    auto handle = std::make_unique<uv_signal_t>();
    VERIFY(uv_signal_init(&loop, handle.get()) == 0);
    handle->data = this;
    handles_.emplace_back(handle.release());
    VERIFY(uv_signal_start(handles_.back().get(), on_uv_signal, number) == 0);
  }
}

void Signals::on_uv_signal(uv_signal_t* handle, int number) noexcept {
  auto* self = static_cast<Signals*>(handle->data);
  if (self != nullptr) self->on_signal_(number);
}

}  // namespace faultline
