#include "cli/server.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/verify.h"
#include "control-api/kept_state.h"
#include "proxy/alarm_clock.h"
#include "proxy/packet_filter.h"

namespace faultline {

namespace {

constexpr std::uint64_t kDrainTickMs = 50;
constexpr std::uint64_t kQuietMs = 300;
constexpr std::chrono::milliseconds kApiStopLimit{1'000};

/// Bytes that have reached their destination, over all proxies.
std::uint64_t moved_bytes(const std::vector<ProxyStats>& stats) {
  std::uint64_t sum = 0;
  for (const ProxyStats& proxy : stats) sum += proxy.sent_bytes[0] + proxy.sent_bytes[1];
  return sum;
}

bool any_connection(const std::vector<ProxyStats>& stats) {
  for (const ProxyStats& proxy : stats) {
    if (proxy.connections_active > 0) return true;
  }
  return false;
}

/// Whether packet filters can be had, or why not.
Result<void> look_for_packet_filters(const ServeOptions& options) {
  if (options.may_filter_packets) return probe_packet_filters();
  return fail(ErrorKind::kInvalid, "turned off");
}

Workers::Options with_packet_filters(Workers::Options options, bool has_them) {
  options.may_filter_packets = has_them;
  return options;
}

}  // namespace

Server::Server(uv_loop_t& loop, ServeOptions options)
    : loop_(loop),
      options_(std::move(options)),
      packet_filters_(look_for_packet_filters(options_)),
      workers_(with_packet_filters(options_.workers, packet_filters_.has_value())),
      registry_(workers_, options_.seed),
      reading_(loop),
      clearing_(loop) {
  for (OwnedHandle<uv_timer_t>* owner : {&drain_timer_, &end_timer_}) {
    auto timer = std::make_unique<uv_timer_t>();
    VERIFY(uv_timer_init(&loop, timer.get()) == 0);
    timer->data = this;
    owner->reset(timer.release());
  }
  auto ending = std::make_unique<uv_async_t>();
  VERIFY(uv_async_init(&loop, ending.get(), on_toxic_ended) == 0);
  toxic_ended_.reset(ending.release());
  toxic_ended_->data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(toxic_ended_.get()));  // It is no work to wait for.
  registry_.watch_endings([async = toxic_ended_.get()] { uv_async_send(async); }, {});
}

Server::~Server() {
  tell_end("");  // Unless it was drained.
}

/// The last event of a run that has begun.
void Server::tell_end(const std::string& reason) {
  if (!std::exchange(is_told_, false)) return;
  add_event("server.stopped", reason);
  registry_.observe(nullptr);
}

Result<void> Server::start() {
  if (auto read = read_config(); !read) return read;
  if (auto opened = open_event_log(); !opened) return opened;
  if (auto bound = bind_api(); !bound) return bound;
  add_event("server.started", "");
  is_told_ = true;
  registry_.observe(&events_);
  auto applied = attempt_blocking([this](const Names& names) {
    const Registry::Because because(registry_, {.by = "config"});
    return apply(config_.configured, names);
  });
  if (applied && options_.restores) {
    if (const auto restored = restore_kept(); !restored) {
      applied = within("--restore", restored.error());
    }
  }
  if (!applied) {
    tell_end(applied.error().message);
    return applied;
  }
  if (kept_path_.empty()) return {};
  // Who does not ask for --restore need not care that it would bring back nothing.
  const LogLevel trouble = options_.restores ? LogLevel::kWarn : LogLevel::kInfo;
  keeper_.emplace(loop_, events_, kept_path_, trouble, [this] {
    return kept_state_json(registry_, config_.configured, std::chrono::system_clock::now());
  });
  return {};
}

/// Adds to what the configuration says the proxies and toxics that the last run had.
Result<void> Server::restore_kept() {
  if (kept_path_.empty()) {
    return fail(ErrorKind::kInvalid, "there is no folder to find them in: give --state-dir");
  }
  std::error_code error;
  if (!std::filesystem::exists(kept_path_, error) && !error) return {};  // The first run.
  std::ifstream file(kept_path_, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(ErrorKind::kInvalid, kept_path_ + ": cannot be read");
  const auto state = read_kept_state(text.str(), std::chrono::system_clock::now());
  if (!state) return within(kept_path_, state.error());
  std::vector<std::string> left_out;
  const auto restored = attempt_blocking([&](const Names& names) -> Result<void> {
    const Registry::Because because(registry_, {.by = "restore"});
    auto tried = restore(*state, registry_, names);
    if (!tried) return Fail(tried.error());
    left_out = *std::move(tried);
    return {};
  });
  if (!restored) return restored;
  left_out.insert(left_out.begin(), state->left_out.begin(), state->left_out.end());
  for (const std::string& one : left_out) {
    log(LogLevel::kError, "server", "this of the last run is left out", {{"what", one}});
  }
  await_next_end();
  log(LogLevel::kInfo, "server", "restored what the last run had",
      {{"file", kept_path_}, {"left_out", static_cast<std::int64_t>(left_out.size())}});
  return {};
}

Result<void> Server::open_event_log() {
  EventFile::Options options;
  options.path = options_.event_log.value_or(config_.control_event_log.value_or(""));
  if (options.path.empty()) return {};
  options.most_bytes = options_.event_log_bytes.value_or(
      config_.control_event_log_size.value_or(options.most_bytes));
  auto file = EventFile::open(options);
  if (!file) return within("event log", file.error());
  event_file_ = *std::move(file);
  events_.go_on_after(event_file_->last_seq());
  events_.copy_to(event_file_.get());
  return {};
}

/// About this run: the first and the last event of it.
void Server::add_event(const std::string& type, const std::string& reason) {
  events_.add({.type = type,
               .cause = {.by = "server", .reason = reason},
               .after = R"({"version":")" FAULTLINE_VERSION R"(","seed":")" +
                        std::to_string(registry_.seed()) + R"(","pid":)" +
                        std::to_string(getpid()) + "}"});
}

Result<void> Server::read_config() {
  if (options_.config_path) {
    auto config = read_config_file(*options_.config_path);
    if (!config) return Fail(config.error());
    config_ = *std::move(config);
  }
  auto proxies = with_option_proxies(std::move(config_.configured.proxies));
  if (!proxies) return Fail(proxies.error());
  config_.configured.proxies = *std::move(proxies);
  return {};
}

Result<std::vector<ProxySpec>> Server::with_option_proxies(std::vector<ProxySpec> specs) const {
  std::set<std::string> names;
  for (const ProxySpec& spec : specs) names.insert(spec.name);
  for (const ProxySpec& spec : options_.proxies) {
    if (!names.insert(spec.name).second) {
      return fail(ErrorKind::kInvalid,
                  "--proxy: there already is a proxy named `" + spec.name + "`");
    }
    specs.push_back(spec);
  }
  return specs;
}

Result<void> Server::bind_api() {
  const std::string listen =
      options_.listen.value_or(config_.control_listen.value_or(std::string(kDefaultListen)));
  const auto where = parse_host_port(listen);
  if (!where) return within("control API", where.error());
  if (where->is_unix) {
    return fail(ErrorKind::kInvalid, "control API: it listens on HOST:PORT only, not on " + listen);
  }
  ControlApi::Options options;
  options.access = {
      .bound_host = where->host,
      .machine_name = machine_name(),
      .allowed_hosts = options_.allowed_hosts.value_or(config_.control_allowed_hosts),
      .allowed_origins = options_.allowed_origins.value_or(config_.control_allowed_origins)};
  options.metrics = options_.metrics;
  options.id_seed = random_seed();
  options.v1 = options_.v1;
  options.toxiproxy_ttl = options_.toxiproxy_ttl;
  options.v1.halt_file = state_file("halt", options_.state_dir, listen);
  kept_path_ = state_file("state", options_.state_dir, listen);
  options.v1.lease_seed = random_seed();
  options.events = &events_;
  api_.emplace(registry_, workers_, std::move(options));
  api_->watch_ends([this] { await_next_end(); });
  http_.emplace(loop_, HttpLimits(), [this](const HttpRequest& request, const Names& names) {
    Result<HttpResponse> response = api_->handle(request, names);
    await_next_end();
    return response;
  });
  const auto bound = http_->listen(where->host, where->port);
  if (!bound) return within("control API", bound.error());
  api_address_ = to_string(*bound);
  return {};
}

Result<void> Server::apply(const Configured& configured, const Names& names) {
  Configured wanted = configured;
  if (registry_.is_halted()) {
    for (ProxySpec& spec : wanted.proxies) spec.toxics.clear();
    wanted.partitions.clear();
  }
  const auto changes = registry_.reload({}, std::move(wanted), names);
  if (!changes) return Fail(changes.error());
  await_next_end();
  return {};
}

void Server::log_start() const {
  log(LogLevel::kInfo, "server", "faultline started",
      {{"version", FAULTLINE_VERSION},
       {"seed", std::to_string(registry_.seed())},
       {"workers", static_cast<std::int64_t>(workers_.size())},
       {"packet_filters", packet_filters_ ? "yes" : packet_filters_.error().message}});
  if (registry_.is_halted()) {
    log(LogLevel::kWarn, "server", "faults are halted since an earlier run: there are no toxics",
        {{"lift", "curl -X DELETE http://" + api_address_ + "/v1/halt"}});
  }
  if (event_file_ != nullptr && !event_file_->mended().empty()) {
    log(LogLevel::kWarn, "events", "the event log of an earlier run was mended",
        {{"what", std::string_view(event_file_->mended())}});
  }
  for (const ProxySpec* proxy : registry_.list()) {
    log(LogLevel::kInfo, "server", proxy->enabled ? "proxy listens" : "proxy is disabled",
        {{"proxy", proxy->name},
         {"listen", proxy->listen},
         {"upstream", proxy->upstream},
         {"toxics", static_cast<std::int64_t>(proxy->toxics.size())}});
  }
  log(LogLevel::kInfo, "server", "control API listens",
      {{"address", api_address_}, {"check", "curl http://" + api_address_ + "/version"}});
}

// ---- Changes while serving -------------------------------------------------

void Server::reload() {
  if (!options_.config_path) {
    log(LogLevel::kWarn, "server", "nothing to reload: started without --config");
    return;
  }
  if (reading_.busy()) {
    reload_again_ = true;
    return;
  }
  const auto config = std::make_shared<Result<Config>>();
  reading_.run([path = *options_.config_path, config] { *config = read_config_file(path); },
               [this, config] { on_config_read(*config); });
}

void Server::on_config_read(const Result<Config>& config) {
  if (!config) {
    on_reloaded(Fail(config.error()));
    return;
  }
  auto proxies = with_option_proxies(config->configured.proxies);
  if (!proxies) {
    on_reloaded(Fail(proxies.error()));
    return;
  }
  Config now = *config;
  now.configured.proxies = *std::move(proxies);
  const auto attempt = [this, now](const Names& names) -> Result<void> {
    const Registry::Because because(registry_, {.by = "reload"});
    auto changes = registry_.reload(config_.configured, now.configured, names);
    if (!changes) return Fail(changes.error());
    reload_changes_ = *std::move(changes);
    await_next_end();
    return {};
  };
  attempt_with_lookups(reading_, attempt, [this, now](const Result<void>& result) {
    if (result) {
      if (now.control_listen != config_.control_listen ||
          now.control_allowed_hosts != config_.control_allowed_hosts ||
          now.control_allowed_origins != config_.control_allowed_origins ||
          now.control_event_log != config_.control_event_log ||
          now.control_event_log_size != config_.control_event_log_size) {
        log(LogLevel::kWarn, "server", "changes of `control` take effect at the next start");
      }
      config_.configured = now.configured;
    }
    on_reloaded(result);
  });
}

void Server::on_reloaded(const Result<void>& result) {
  if (!result) {
    log(LogLevel::kError, "server", "reload failed, nothing was changed",
        {{"error", result.error().message}});
  } else {
    for (const std::string& change : reload_changes_) {
      log(LogLevel::kInfo, "server", "reload", {{"change", change}});
    }
    log(LogLevel::kInfo, "server", "reloaded",
        {{"config", *options_.config_path},
         {"changes", static_cast<std::int64_t>(reload_changes_.size())}});
  }
  if (std::exchange(reload_again_, false)) reload();
}

void Server::on_toxic_ended(uv_async_t* async) noexcept {
  auto* self = static_cast<Server*>(async->data);
  if (self == nullptr) return;
  self->registry_.remove_ended_toxics();
  if (self->api_) self->await_next_end();  // What comes back is watched.
}

void Server::clear_toxics() {
  if (clearing_.busy()) return;
  attempt_with_lookups(
      clearing_,
      [this](const Names& names) {
        const Registry::Because because(registry_, {.by = "signal", .reason = "SIGUSR1"});
        api_->abort_runs("SIGUSR1 has cleared all faults");
        registry_.end_partitions([](const ToxicSpec&) { return true; });
        return registry_.reset(names);
      },
      [this](const Result<void>& result) {
        await_next_end();
        if (result) {
          log(LogLevel::kInfo, "server", "all partitions and toxics removed, all proxies enabled");
        } else {
          log(LogLevel::kError, "server", "toxics removed, but not every proxy could be enabled",
              {{"error", result.error().message}});
        }
      });
}

/// Sets the timer for what ends first.
void Server::await_next_end() {
  const TimePoint next = api_->next_end();
  if (next == kNever) {
    uv_timer_stop(end_timer_.get());
    return;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock_now());
  uv_update_time(&loop_);
  const auto wait = static_cast<std::uint64_t>(std::max(left.count(), std::int64_t{0}));
  VERIFY(uv_timer_start(end_timer_.get(), on_end, wait, 0) == 0);
}

void Server::on_end(uv_timer_t* timer) noexcept {
  auto* self = static_cast<Server*>(timer->data);
  if (self == nullptr) return;
  self->api_->end_due(clock_now());
  self->await_next_end();
}

// ---- The end ---------------------------------------------------------------

void Server::drain(std::function<void()> drained) {
  VERIFY(api_ && !drained_);
  drained_ = std::move(drained);
  api_->start_draining();          // No step of a run comes while it drains.
  if (keeper_) keeper_->finish();  // With the toxics that are still there.
  {
    const Registry::Because because(registry_, {.by = "signal", .reason = "the server stops"});
    registry_.stop_accepting();
  }
  uv_update_time(&loop_);
  moved_at_ms_ = uv_now(&loop_);
  drain_deadline_ms_ = moved_at_ms_ + static_cast<std::uint64_t>(options_.drain_timeout /
                                                                 std::chrono::milliseconds(1));
  VERIFY(uv_timer_start(drain_timer_.get(), on_drain_tick, 0, kDrainTickMs) == 0);
}

void Server::on_drain_tick(uv_timer_t* timer) noexcept {
  auto* self = static_cast<Server*>(timer->data);
  if (self != nullptr) self->watch_drain();
}

void Server::watch_drain() {
  const std::uint64_t now = uv_now(&loop_);
  const std::vector<ProxyStats> stats = registry_.stats();
  const std::uint64_t moved = moved_bytes(stats);
  if (moved != moved_bytes_) {
    moved_bytes_ = moved;
    moved_at_ms_ = now;
  }
  const bool is_kept = !keeper_ || !keeper_->is_writing();
  const bool quiet = !any_connection(stats) || now - moved_at_ms_ >= kQuietMs;
  if (!(quiet && is_kept) && now < drain_deadline_ms_) return;
  uv_timer_stop(drain_timer_.get());
  tell_end("");  // The last words of streams, too.
  http_->stop(kApiStopLimit, [this] { drained_(); });
}

}  // namespace faultline
