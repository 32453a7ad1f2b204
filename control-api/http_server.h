#pragma once

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control-api/http_connection.h"
#include "proxy/names.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// An HTTP/1.1 server on one libuv loop: sockets, times and limits. What is
/// answered is the handler's business.
///
/// REQUIRES: the process ignores SIGPIPE; libuv writes to sockets that clients have closed.
///
/// After stop() or destruction run the loop until it is empty: libuv frees the
/// handles there, and host names being looked up are waited for.
class HttpServer {
 public:
  /// `loop` must outlive the server, and is the only thread that touches it.
  HttpServer(uv_loop_t& loop, const HttpLimits& limits, HttpHandler handler);
  ~HttpServer();  ///< Closes everything at once.
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens on the first address of `host` that can be bound, and returns the
  /// address got. "" is the wildcard, both families; "localhost" is 127.0.0.1;
  /// port 0 chooses one. Other names are looked up, blocking. May be called
  /// again for a further address. Errors: kNetwork, "listen tcp
  /// 127.0.0.1:8474: bind: address already in use".
  Result<SocketAddress> listen(const std::string& host, std::uint16_t port);

  /// Accepts no more, answers the requests in hand and calls `stopped` from
  /// the loop when the last client has gone, after `limit` at the latest.
  /// Once only.
  void stop(std::chrono::milliseconds limit, std::function<void()> stopped);

 private:
  static void on_connection(uv_stream_t* listener, int status) noexcept;
  static void on_stop_limit(uv_timer_t* timer) noexcept;
  static void on_sweep(uv_idle_t* idle) noexcept;

  Result<SocketAddress> listen_on(const SocketAddress& address);
  void accept(uv_stream_t* listener);
  void retire(HttpConnection& connection);
  void sweep();

  HttpShared shared_;
  std::vector<OwnedHandle<uv_tcp_t>> listeners_;
  std::list<std::unique_ptr<HttpConnection>> connections_;
  std::vector<std::unique_ptr<HttpConnection>> retired_;  // Destroyed by sweep().
  OwnedHandle<uv_idle_t> sweeper_;  // Active while there is something to sweep.
  OwnedHandle<uv_timer_t> stop_limit_;
  std::function<void()> stopped_;  // Empty unless stopping.
};

}  // namespace faultline
