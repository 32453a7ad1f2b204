#include "tests/cli/running_server.h"

#include <catch2/catch.hpp>
#include <future>
#include <optional>

#include "cli/serve.h"
#include "cli/server.h"

namespace faultline::test {

RunningServer::RunningServer(ServeOptions options) {
  prepare_process();
  options.listen = "127.0.0.1:0";
  options.workers.count = 2;
  REQUIRE(uv_loop_init(&loop_) == 0);
  const auto stop = [](uv_async_t* handle) { uv_stop(handle->loop); };
  REQUIRE(uv_async_init(&loop_, &stop_, stop) == 0);
  std::promise<Result<std::string>> started;
  auto outcome = started.get_future();
  thread_ = std::thread([this, &started, options] {
    std::optional<Server> server(std::in_place, loop_, options);
    if (auto result = server->start(); !result) {
      started.set_value(Fail(result.error()));
    } else {
      started.set_value(server->api_address());
      uv_run(&loop_, UV_RUN_DEFAULT);
    }
    server.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&stop_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
  });
  const Result<std::string> address = outcome.get();
  INFO((address ? "" : address.error().message));
  if (!address) thread_.join();
  REQUIRE(address);
  api_address_ = *address;
}

RunningServer::~RunningServer() {
  uv_async_send(&stop_);
  thread_.join();
  CHECK(uv_loop_close(&loop_) == 0);
}

}  // namespace faultline::test
