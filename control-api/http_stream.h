#pragma once

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control-api/body_stream.h"
#include "proxy/uv_handle.h"

namespace faultline {

class HttpStreams;

/// Sends a BodyStream to one client, and never waits for it.
///
/// One piece is under way at a time, so what is queued for a client is bounded;
/// one that does not take it in time is let go with RST, which also frees what
/// the kernel holds for it.
class HttpStream {
 public:
  struct Limits {
    std::size_t count = 256;                  ///< Of one server; more are answered 503.
    std::size_t piece_bytes = 64UL << 10;     ///< Queued for one client at the most.
    int kernel_bytes = 256 << 10;             ///< What the kernel may hold for it.
    std::chrono::milliseconds stall{10'000};  ///< How long a client may take nothing.
    /// Then a keep-alive is sent. One that is not acknowledged by the next ends the stream.
    std::chrono::milliseconds silent{10'000};
  };

  enum class End {
    kWhole,  ///< All was sent.
    kCut,    ///< The client is gone, or does not read.
  };

  /// All must outlive it. `ended` is called once, when it is over; it must not
  /// destroy the stream before returning. `is_chunked`: else the body ends with
  /// the connection.
  HttpStream(HttpStreams& streams, uv_tcp_t& socket, std::unique_ptr<BodyStream> body,
             bool is_chunked, std::function<void(End)> ended);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  /// May call `ended`.
  void start();

  /// Sends what there is as far as that can be done without waiting, and calls
  /// `ended`, unless it is over already.
  void end_now();

  /// It is over, and `ended` is not called any more.
  void stop();

 private:
  friend class HttpStreams;
  struct Write;

  static void on_timeout(uv_timer_t* timer) noexcept;

  void write_more();
  void send(std::string bytes);
  bool try_send(std::string bytes);
  void on_sent(int status);
  void on_time_up();
  void end(End how);
  std::string framed(std::string bytes) const;
  std::size_t untaken_bytes() const;
  void set_timer(std::chrono::milliseconds wait);
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&socket_); }

  HttpStreams& streams_;
  uv_tcp_t& socket_;
  std::unique_ptr<BodyStream> body_;
  const bool is_chunked_;
  std::function<void(End)> ended_;
  OwnedHandle<uv_timer_t> timer_;
  Write* write_ = nullptr;   // Under way. Owns itself.
  std::size_t untaken_ = 0;  // When last looked at.
  bool is_due_ = false;
  bool is_silent_ = false;  // There was nothing to send; the timer is for a keep-alive.
  bool is_over_ = false;
};

/// The streams of one server. They write once a turn of the loop, however often
/// they are told of more, and not in the midst of what tells them.
class HttpStreams {
 public:
  /// `loop` must outlive it; so must this all streams.
  HttpStreams(uv_loop_t& loop, const HttpStream::Limits& limits);
  HttpStreams(const HttpStreams&) = delete;
  HttpStreams& operator=(const HttpStreams&) = delete;
  ~HttpStreams() = default;

  bool are_full() const { return count_ >= limits_.count; }

 private:
  friend class HttpStream;

  static void on_turn(uv_idle_t* idle) noexcept;

  void note_more(HttpStream& stream);
  void forget(HttpStream& stream);
  void write_all();

  uv_loop_t& loop_;
  const HttpStream::Limits limits_;
  std::size_t count_ = 0;
  std::vector<HttpStream*> due_;   // Null: gone since.
  std::vector<HttpStream*> turn_;  // Those whose turn it is just now.
  OwnedHandle<uv_idle_t> idle_;    // Active while some are due.
};

}  // namespace faultline
