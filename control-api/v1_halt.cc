// The operations of /v1 that end all faults, and allow them again.

#include <utility>

#include "base/log.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_views.h"
#include "proxy/alarm_clock.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"
#include "proxy/wall_time.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json halt_view(const HaltLatch& latch) {
  Json view = {{"halted", latch.halt() != nullptr}};
  if (const HaltLatch::Halt* halt = latch.halt(); halt != nullptr) {
    view["since"] = halt->since;
    view["owner"] = halt->owner;
    view["reason"] = halt->reason;
  }
  view["survives_restart"] = latch.survives_restart();
  return view;
}

void tell(const V1Call& call, const std::string& type, const HaltLatch::Halt& halt) {
  if (call.events == nullptr) return;
  call.events->add(
      {.type = type,
       .cause = {
           .by = "v1", .owner = halt.owner, .reason = halt.reason, .request_id = call.request_id}});
}

std::size_t count_toxics(const V1Call& call) {
  std::size_t count = 0;
  for (const ProxySpec* proxy : call.registry.list()) count += proxy->toxics.size();
  return count;
}

}  // namespace

Result<HttpResponse> v1_get_halt(const V1Call& call) {
  return v1_json(200, halt_view(call.state.halt));
}

Result<HttpResponse> v1_halt(const V1Call& call) {
  const auto fields = Fields::of(call.body, Dialect::kV1, "a halt", {"reason", "owner"});
  if (!fields) return Fail(fields.error());
  auto said = decode_life(*fields, Dialect::kV1);
  if (!said) return Fail(said.error());
  if (said->reason.empty()) return fail(ErrorKind::kInvalid, "missing required field: reason");
  HaltLatch::Halt halt{.since = rfc3339(std::chrono::system_clock::now()),
                       .owner = std::move(said->owner),
                       .reason = std::move(said->reason)};
  if (call.attempt == Registry::Attempt::kTry) {
    HaltLatch tried;
    if (auto set = tried.set(std::move(halt)); !set) return Fail(set.error());
    Json view = halt_view(tried);
    view["survives_restart"] = call.state.halt.survives_restart();
    return v1_json(200, view);
  }
  const std::size_t removed = [&] {  // First of all.
    const Cause cause{
        .by = "halt", .owner = halt.owner, .reason = halt.reason, .request_id = call.request_id};
    const std::size_t there = call.registry.partitions().all().size() + count_toxics(call);
    call.state.runs.end_all(RunState::kHalted, halt.reason, cause, clock_now());
    const Registry::Because because(call.registry, cause);
    call.registry.halt();
    return there;
  }();
  tell(call, "halt.started", halt);
  log(LogLevel::kWarn, "halt", "all faults are ended, and none may begin",
      {{"owner", halt.owner},
       {"reason", halt.reason},
       {"removed", static_cast<std::int64_t>(removed)}});
  Json view;
  const Result<void> kept = call.state.halt.set(std::move(halt));
  view = halt_view(call.state.halt);
  view["removed"] = removed;
  if (!kept) {
    log(LogLevel::kError, "halt", "it holds, but is not on disk, and would not survive a restart",
        {{"error", kept.error().message}});
  }
  return v1_json(200, view);
}

Result<HttpResponse> v1_lift_halt(const V1Call& call) {
  if (call.attempt == Registry::Attempt::kApply && call.registry.is_halted()) {
    const HaltLatch::Halt* set = call.state.halt.halt();
    const HaltLatch::Halt was = set == nullptr ? HaltLatch::Halt() : *set;
    if (auto lifted = call.state.halt.lift(); !lifted) return Fail(lifted.error());
    call.registry.lift_halt();
    tell(call, "halt.ended", was);
    log(LogLevel::kWarn, "halt", "lifted: faults may begin again");
  }
  return HttpResponse{204, {}, ""};
}

}  // namespace faultline
