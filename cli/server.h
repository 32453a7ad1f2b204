#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/background.h"
#include "cli/serve_options.h"
#include "cli/state_keeper.h"
#include "control-api/control_api.h"
#include "control-api/event_file.h"
#include "control-api/event_log.h"
#include "control-api/http_server.h"
#include "proxy/config_file.h"
#include "proxy/registry.h"
#include "proxy/uv_handle.h"
#include "proxy/workers.h"

namespace faultline {

/// Everything a Faultline server is: workers, registry and control API, on one
/// loop. Which signal asks for what is its owner's business.
///
/// After destruction run the loop until it is empty.
class Server {
 public:
  /// `loop` must outlive the server, and is the only thread that touches it.
  Server(uv_loop_t& loop, ServeOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Reads the file, opens the event log, binds the control API and every proxy,
  /// or nothing. Blocks for names that must be looked up. Errors are one line for
  /// people: a kInvalid file, an address that cannot be bound. Once only.
  Result<void> start();

  /// Where the control API listens, "127.0.0.1:8474". REQUIRES: started.
  const std::string& api_address() const { return api_address_; }
  Registry& registry() { return registry_; }

  /// Logs version, seed, proxies and address, the seed in the first line. REQUIRES: started.
  void log_start() const;

  /// Reads the file again and makes what changed in it so, or, if anything in
  /// it is wrong, nothing. The outcome is logged.
  void reload();

  /// Enables every proxy and removes every toxic. The outcome is logged.
  void clear_toxics();

  /// Accepts no more, and calls `drained` from the loop once no connection has
  /// moved a byte for a while, at the latest after the drain timeout. Once only.
  void drain(std::function<void()> drained);

 private:
  Result<void> read_config();
  Result<void> open_event_log();
  void add_event(const std::string& type, const std::string& reason);
  Result<void> bind_api();
  Result<void> restore_kept();
  Result<void> apply(const Configured& configured, const Names& names);
  Result<std::vector<ProxySpec>> with_option_proxies(std::vector<ProxySpec> specs) const;
  void on_config_read(const Result<Config>& config);
  void on_reloaded(const Result<void>& result);
  void await_next_end();
  static void on_end(uv_timer_t* timer) noexcept;
  static void on_toxic_ended(uv_async_t* async) noexcept;
  void tell_end(const std::string& reason);
  static void on_drain_tick(uv_timer_t* timer) noexcept;
  void watch_drain();

  uv_loop_t& loop_;
  const ServeOptions options_;
  const Result<void> packet_filters_;      // Or why they cannot be had.
  EventLog events_;                        // Outlives all that tell it,
  std::unique_ptr<EventFile> event_file_;  // as does its copy on disk, if there is one.
  Workers workers_;
  OwnedHandle<uv_async_t> toxic_ended_;  // Outlives the registry, whose workers send it.
  Registry registry_;
  Config config_;                      // As last read; its proxies include those of the options.
  OwnedHandle<uv_timer_t> end_timer_;  // Of what ends first; outlives the streams that hold leases.
  std::optional<ControlApi> api_;      // Once the addresses are known.
  std::optional<HttpServer> http_;     // Calls api_.
  std::string api_address_;
  std::string kept_path_;              // Of what --restore brings back; "" if there is no place.
  std::optional<StateKeeper> keeper_;  // Of that file, once all has begun, until it drains.
  Background reading_;
  bool is_told_ = false;       // The event log has this run's start, and not its end.
  bool reload_again_ = false;  // Asked for during a reload.
  std::vector<std::string> reload_changes_;
  Background clearing_;

  OwnedHandle<uv_timer_t> drain_timer_;
  std::function<void()> drained_;
  std::uint64_t drain_deadline_ms_ = 0;
  std::uint64_t moved_bytes_ = 0;  // When last looked at,
  std::uint64_t moved_at_ms_ = 0;  // and when it last changed.
};

}  // namespace faultline
