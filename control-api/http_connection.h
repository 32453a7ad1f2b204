#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control-api/http_message.h"
#include "control-api/http_parser.h"
#include "control-api/http_stream.h"
#include "proxy/names.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// Answers one request: a plain function that knows no socket and waits for
/// nothing. Its only error is kNeedsLookup: it is called again, once the host
/// name in the message has its entry in `names`, until it has an answer.
using HttpHandler = std::function<Result<HttpResponse>(const HttpRequest&, const Names& names)>;

struct HttpLimits {
  HttpParser::Limits request;
  std::size_t connections = 1024;            ///< More are closed as they come.
  std::chrono::milliseconds read{15'000};    ///< From the first byte of a request to its last.
  std::chrono::milliseconds idle{60'000};    ///< Between requests.
  std::chrono::milliseconds handle{25'000};  ///< For the lookups of one request; then 503.
  std::chrono::milliseconds write{30'000};   ///< For the client to take one answer.
  std::chrono::milliseconds linger{1'000};   ///< For the client to see why we close.
  HttpStream::Limits stream;                 ///< Of answers without a known end.
};

/// What the connections of one server share. Outlives them.
struct HttpShared {
  uv_loop_t* loop;
  HttpLimits limits;
  HttpHandler handler;
  std::unique_ptr<char[]> scratch;  ///< Bytes are read into this, by one connection at a time.
  static constexpr std::size_t kScratchBytes = 64UL << 10;
  HttpStreams streams{*loop, limits.stream};
};

/// One client of the HTTP server.
///
/// Requests are answered one by one, in order. While one is being answered
/// nothing is read, so a client that sends and never reads is slowed by TCP
/// and costs no memory. The client of a stream is listened to only to hear that
/// it is gone, and nothing is answered after a stream.
class HttpConnection {
 public:
  /// `socket` is connected. `ended` is called once, from the loop, when the
  /// connection is over; it must not destroy the connection before returning.
  HttpConnection(HttpShared& shared, OwnedHandle<uv_tcp_t> socket,
                 std::function<void(HttpConnection&)> ended);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Begins to read. The socket may already be dead: `ended` then comes from the loop.
  void start();

  /// Closes as soon as the request in hand, if any, is answered; a stream ends
  /// at once. May call `ended`.
  void close_when_answered();

 private:
  enum class State { kReading, kHandling, kWriting, kStreaming, kLingering, kEnded };
  struct Lookup;
  struct Write;

  static void on_alloc(uv_handle_t* handle, std::size_t size, uv_buf_t* buffer) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept;
  static void on_timeout(uv_timer_t* timer) noexcept;

  void read_more();
  void take(std::string_view bytes);
  void take_end();
  void handle();
  bool look_up(const std::string& host);
  void on_looked_up(const std::string& host, Result<std::vector<SocketAddress>> answer);
  void respond(HttpResponse response);
  void stream_body(HttpResponse response);
  void on_stream_ended(HttpStream::End end);
  void write(std::string bytes, bool is_answer);
  void on_answered(int status);
  void linger();
  void end();
  void set_deadline(std::chrono::milliseconds wait);
  void write_access_log(const HttpResponse& response) const;
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(socket_.get()); }

  HttpShared& shared_;
  OwnedHandle<uv_tcp_t> socket_;
  OwnedHandle<uv_timer_t> deadline_;
  std::function<void(HttpConnection&)> ended_;
  State state_ = State::kReading;
  bool close_after_answer_ = false;
  bool reading_since_first_byte_ = false;
  HttpParser parser_;
  std::string unread_;  // Bytes behind the request in hand. At most kScratchBytes.
  HttpRequest request_;
  Names names_;  // What was looked up for the request in hand.
  Lookup* lookup_ = nullptr;
  std::unique_ptr<HttpStream> stream_;  // While kStreaming, and after.
  std::uint64_t request_began_ns_ = 0;
};

}  // namespace faultline
