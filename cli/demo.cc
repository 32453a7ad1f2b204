#include "cli/demo.h"

#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "base/verify.h"
#include "cli/demo_origin.h"
#include "cli/demo_traffic.h"
#include "cli/demo_view.h"
#include "cli/exit_codes.h"
#include "cli/loop_end.h"
#include "cli/serve.h"
#include "cli/server.h"
#include "cli/signals.h"

namespace faultline {

namespace {

constexpr const char* kProxyName = "demo";

ServeOptions demo_options(const std::string& listen, const std::string& origin) {
  ServeOptions options;
  options.listen = listen;
  options.seed = random_seed();
  ProxySpec proxy;
  proxy.name = kProxyName;
  proxy.listen = "127.0.0.1:0";
  proxy.upstream = origin;
  options.proxies.push_back(proxy);
  return options;
}

/// "latency_downstream (latency=300 jitter=0)", for every toxic of the proxy.
std::string toxics_text(const Registry& registry) {
  const auto proxy = registry.find(kProxyName);
  if (!proxy) return "the proxy `demo` was deleted";
  std::string text = (*proxy)->enabled ? "" : "the proxy is disabled";
  for (const ToxicSpec& toxic : (*proxy)->toxics) {
    if (!text.empty()) text += ", ";
    text += printable(toxic.name);
    std::string attributes;
    for (std::size_t i = 0; i < toxic.attributes.size(); ++i) {
      const AttributeType& attribute = toxic.type->attributes[i];
      if (attribute.goes_without_saying(toxic.attributes[i])) continue;
      if (!attributes.empty()) attributes += " ";
      attributes += attribute.name + "=" + attribute.text_of(toxic.attributes[i]);
    }
    if (!attributes.empty()) text += " (" + attributes + ")";
  }
  return text;
}

/// How a second terminal calls this program: by its name if that is how it was
/// called here, else by where it is.
std::string program_to_type() {
  const std::string called = program_invocation_name;
  if (called.find('/') == std::string::npos) return called;
  std::array<char, 4096> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : called;
}

/// Everything the demo runs on its loop.
class Demo {
 public:
  Demo(uv_loop_t& loop, const Console& console)
      : loop_(loop),
        console_(console),
        signals_(loop, {SIGINT, SIGTERM, SIGHUP}, [this](int) { uv_stop(&loop_); }),
        view_(console) {}

  Result<void> start(std::optional<std::chrono::milliseconds> duration) {
    if (auto started = start_server(); !started) return started;
    print_introduction();
    const auto proxy = server_->registry().find(kProxyName);
    const auto where = parse_host_port((*proxy)->listen);
    VERIFY(where);
    const auto addresses = addresses_of(*where, {});
    VERIFY(addresses);
    traffic_.emplace(addresses->front());
    constexpr std::uint64_t kDrawMs = 100;
    constexpr std::uint64_t kLineMs = 1'000;
    const std::uint64_t interval = console_.is_terminal ? kDrawMs : kLineMs;
    tick_ = start_timer([](uv_timer_t* timer) noexcept { of(timer)->tick(); }, interval, interval);
    if (duration) {
      end_ = start_timer([](uv_timer_t* timer) noexcept { uv_stop(timer->loop); },
                         static_cast<std::uint64_t>(duration->count()), 0);
    }
    return {};
  }

 private:
  static Demo* of(uv_timer_t* timer) {
    auto* self = static_cast<Demo*>(timer->data);
    VERIFY(self != nullptr);  // A closed timer does not fire.
    return self;
  }

  OwnedHandle<uv_timer_t> start_timer(uv_timer_cb callback, std::uint64_t first_ms,
                                      std::uint64_t repeat_ms) {
    auto timer = std::make_unique<uv_timer_t>();
    VERIFY(uv_timer_init(&loop_, timer.get()) == 0);
    timer->data = this;
    VERIFY(uv_timer_start(timer.get(), callback, first_ms, repeat_ms) == 0);
    return OwnedHandle<uv_timer_t>(timer.release());
  }

  /// On the usual port, or, if that is taken, on a free one.
  Result<void> start_server() {
    server_.emplace(loop_, demo_options(std::string(kDefaultListen), origin_.address()));
    auto started = server_->start();
    if (started || started.error().kind != ErrorKind::kNetwork) return started;
    console_.out << console_.yellow("Port 8474 is taken, so the control API is on another one.")
                 << "\n\n";
    server_.emplace(loop_, demo_options("127.0.0.1:0", origin_.address()));
    return server_->start();
  }

  void print_introduction() {
    const std::string api = "http://" + server_->api_address();
    const bool usual = server_->api_address() == kDefaultListen;
    const std::string command = program_to_type();
    const std::string host = usual ? "" : " -h " + server_->api_address();
    const std::string listen = (*server_->registry().find(kProxyName))->listen;
    console_.out << console_.bold("Faultline demo") << "\n\n  traffic -> proxy `demo` " << listen
                 << " -> origin " << origin_.address() << "\n  control API: " << api
                 << "\n\nTry these in a second terminal, and watch what happens here:\n";
    const auto step = [&](const std::string& what, const std::string& arguments,
                          const std::string& path, const std::string& body) {
      console_.out << "\n  " << console_.bold(what) << "\n    " << command << ' ' << arguments
                   << host << "\n    curl -X POST " << api << path
                   << (body.empty() ? "" : " -d '" + body + "'") << '\n';
    };
    step("Slow it down by 300 ms", "toxic add -t latency -a latency=300 demo",
         "/proxies/demo/toxics", R"({"type":"latency","attributes":{"latency":300}})");
    step("Cut it: answers vanish, requests time out", "toxic add -t timeout demo",
         "/proxies/demo/toxics", R"({"type":"timeout"})");
    step("Switch it off: connections are refused", "disable demo", "/proxies/demo",
         R"({"enabled":false})");
    step("Heal it", "reset", "/reset", "");
    console_.out << "\nCtrl-C ends the demo.\n\n";
    console_.out.flush();
  }

  void tick() { view_.show(traffic_->take_news(), toxics_text(server_->registry())); }

  uv_loop_t& loop_;
  const Console& console_;
  DemoOrigin origin_;
  std::optional<Server> server_;
  Signals signals_;
  DemoView view_;
  std::optional<DemoTraffic> traffic_;
  OwnedHandle<uv_timer_t> tick_;
  OwnedHandle<uv_timer_t> end_;
};

}  // namespace

int run_demo(const Console& console, std::optional<std::chrono::milliseconds> duration) {
  prepare_process();
  uv_loop_t loop;
  VERIFY(uv_loop_init(&loop) == 0);
  std::optional<Demo> demo(std::in_place, loop, console);
  const auto started = demo->start(duration);
  int status = kExitOk;
  if (started) {
    uv_run(&loop, UV_RUN_DEFAULT);
    console.out << "\nThe demo has ended.\n";
  } else {
    console.err << "faultline demo: " << printable(started.error().message) << '\n';
    status = kExitFailed;
  }
  console.out.flush();
  demo.reset();
  close_loop_or_exit(loop, status);
  return status;
}

}  // namespace faultline
