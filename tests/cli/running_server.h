#pragma once

#include <uv.h>

#include <string>
#include <thread>

#include "cli/serve_options.h"

namespace faultline::test {

/// A server in this process, on a loop and thread of its own, its control API
/// on a free port.
class RunningServer {
 public:
  explicit RunningServer(ServeOptions options = {});
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  const std::string& api_address() const { return api_address_; }

 private:
  uv_loop_t loop_;
  uv_async_t stop_;
  std::string api_address_;
  std::thread thread_;
};

}  // namespace faultline::test
