#include "control-api/http_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

constexpr const char* kLastChunk = "0\r\n\r\n";

/// What is still to be sent is dropped, and the peer gets RST.
void reset_at_close(const uv_tcp_t& socket) {
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&socket), &fd) != 0) return;
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

/// A piece being written. Owns itself: libuv holds it until after the socket is closed.
struct HttpStream::Write {
  uv_write_t request{};
  std::string bytes;
  HttpStream* stream;  // Null once it does not care any more.

  static void on_done(uv_write_t* request, int status) noexcept {
    const std::unique_ptr<Write> self(static_cast<Write*>(request->data));
    if (self->stream != nullptr) self->stream->on_sent(status);
  }
};

HttpStream::HttpStream(HttpStreams& streams, uv_tcp_t& socket, std::unique_ptr<BodyStream> body,
                       bool is_chunked, std::function<void(End)> ended)
    : streams_(streams),
      socket_(socket),
      body_(std::move(body)),
      is_chunked_(is_chunked),
      ended_(std::move(ended)) {
  auto timer = std::make_unique<uv_timer_t>();
  VERIFY(uv_timer_init(&streams_.loop_, timer.get()) == 0);
  timer_.reset(timer.release());
  timer_->data = this;
  ++streams_.count_;
}

HttpStream::~HttpStream() {
  stop();
}

void HttpStream::start() {
  int bytes = streams_.limits_.kernel_bytes;
  uv_send_buffer_size(reinterpret_cast<uv_handle_t*>(&socket_), &bytes);
  body_->start([this] { streams_.note_more(*this); });
  write_more();
}

void HttpStream::stop() {
  if (std::exchange(is_over_, true)) return;
  --streams_.count_;
  streams_.forget(*this);
  if (write_ != nullptr) write_->stream = nullptr;
  write_ = nullptr;
  uv_timer_stop(timer_.get());
  body_.reset();  // It tells of no more.
}

void HttpStream::end_now() {
  if (is_over_) return;
  bool is_taken = write_ == nullptr;  // Else it would get into the midst of a piece.
  while (is_taken) {
    std::string bytes = body_->next(streams_.limits_.piece_bytes);
    if (bytes.empty()) break;
    is_taken = try_send(framed(std::move(bytes)));
  }
  if (is_taken && is_chunked_) try_send(kLastChunk);
  end(End::kCut);
}

/// False if it was not taken whole at once.
bool HttpStream::try_send(std::string bytes) {
  const uv_buf_t buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
  return uv_try_write(stream(), &buffer, 1) == static_cast<int>(bytes.size());
}

void HttpStream::write_more() {
  if (is_over_ || write_ != nullptr) return;
  std::string bytes = body_->next(streams_.limits_.piece_bytes);
  if (!bytes.empty()) return send(framed(std::move(bytes)));
  if (body_->has_ended()) {
    const bool is_whole = !is_chunked_ || try_send(kLastChunk);
    return end(is_whole ? End::kWhole : End::kCut);
  }
  if (!std::exchange(is_silent_, true)) set_timer(streams_.limits_.silent);
}

void HttpStream::send(std::string bytes) {
  auto write = std::make_unique<Write>();
  write->bytes = std::move(bytes);
  write->stream = this;
  write->request.data = write.get();
  const uv_buf_t buffer =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  if (uv_write(&write->request, stream(), &buffer, 1, Write::on_done) != 0) return end(End::kCut);
  write_ = write.release();
  is_silent_ = false;
  untaken_ = untaken_bytes();
  set_timer(streams_.limits_.stall);
}

void HttpStream::on_sent(int status) {
  write_ = nullptr;
  if (status != 0) return end(End::kCut);
  write_more();
}

void HttpStream::on_timeout(uv_timer_t* timer) noexcept {
  auto* self = static_cast<HttpStream*>(timer->data);
  if (self != nullptr) self->on_time_up();
}

void HttpStream::on_time_up() {
  const std::size_t untaken = untaken_bytes();
  const bool is_moving = std::exchange(untaken_, untaken) > untaken;
  if (write_ == nullptr) {
    if (body_->has_ended()) return write_more();
    if (untaken == 0) return send(framed(body_->keep_alive()));
    if (is_moving) return set_timer(streams_.limits_.silent);
    // The client is cut off, maybe: the kernel would try for a quarter of an hour.
  } else if (is_moving) {
    return set_timer(streams_.limits_.stall);
  }
  reset_at_close(socket_);
  body_->on_stalled();
  end(End::kCut);
}

void HttpStream::end(End how) {
  if (is_over_) return;
  stop();
  ended_(how);
}

/// What the client has not acknowledged. The kernel takes more of us only once a
/// third of its buffer is free: a slow reader would seem to stand still.
std::size_t HttpStream::untaken_bytes() const {
  const auto* stream = reinterpret_cast<const uv_stream_t*>(&socket_);
  uv_os_fd_t fd = -1;
  int in_kernel = 0;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&socket_), &fd) == 0) {
    ioctl(fd, SIOCOUTQ, &in_kernel);
  }
  return uv_stream_get_write_queue_size(stream) + static_cast<std::size_t>(in_kernel);
}

std::string HttpStream::framed(std::string bytes) const {
  if (!is_chunked_) return bytes;
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end) + "\r\n" + bytes + "\r\n";
}

void HttpStream::set_timer(std::chrono::milliseconds wait) {
  uv_update_time(&streams_.loop_);
  uv_timer_start(timer_.get(), on_timeout, static_cast<std::uint64_t>(wait.count()), 0);
}

HttpStreams::HttpStreams(uv_loop_t& loop, const HttpStream::Limits& limits)
    : loop_(loop), limits_(limits) {
  auto idle = std::make_unique<uv_idle_t>();
  VERIFY(uv_idle_init(&loop_, idle.get()) == 0);
  idle_.reset(idle.release());
  idle_->data = this;
}

void HttpStreams::note_more(HttpStream& stream) {
  if (std::exchange(stream.is_due_, true)) return;
  due_.push_back(&stream);
  uv_idle_start(idle_.get(), on_turn);
}

void HttpStreams::forget(HttpStream& stream) {
  HttpStream* const gone = &stream;
  for (auto* list : {&due_, &turn_}) {
    std::replace(list->begin(), list->end(), gone, static_cast<HttpStream*>(nullptr));
  }
}

void HttpStreams::on_turn(uv_idle_t* idle) noexcept {
  auto* self = static_cast<HttpStreams*>(idle->data);
  if (self != nullptr) self->write_all();
}

void HttpStreams::write_all() {
  uv_idle_stop(idle_.get());
  turn_.swap(due_);
  // By number: one that ends another, or itself, finds it in here.
  for (std::size_t i = 0; i < turn_.size(); ++i) {
    if (turn_[i] == nullptr) continue;
    turn_[i]->is_due_ = false;
    turn_[i]->write_more();
  }
  turn_.clear();
}

}  // namespace faultline
