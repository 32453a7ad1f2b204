#include "control-api/http_connection.h"

#include <netdb.h>

#include <utility>
#include <vector>

#include "base/log.h"
#include "base/verify.h"
#include "control-api/json_writer.h"

namespace faultline {

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Fail unknown_host(const std::string& host) {
  return fail(ErrorKind::kNetwork, "lookup " + host + ": no such host");
}

template <class Handle>
HttpConnection* owner_of(Handle* handle) {
  return static_cast<HttpConnection*>(handle->data);
}

}  // namespace

/// A name being looked up. Owns itself: the answer may come after the asker has gone.
struct HttpConnection::Lookup {
  uv_getaddrinfo_t request{};
  std::string host;
  HttpConnection* asker;  // Null once it does not care any more.

  static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* list) noexcept {
    const std::unique_ptr<Lookup> self(static_cast<Lookup*>(request->data));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, &uv_freeaddrinfo);
    if (self->asker == nullptr) return;
    self->asker->lookup_ = nullptr;
    Result<std::vector<SocketAddress>> answer = unknown_host(self->host);
    if (status == 0) answer = addresses_from(list);
    if (!answer) answer = unknown_host(self->host);
    self->asker->on_looked_up(self->host, std::move(answer));
  }
};

/// Bytes being written. Owns itself, as Lookup does.
struct HttpConnection::Write {
  uv_write_t request{};
  std::string bytes;
  bool is_answer;

  static void on_done(uv_write_t* request, int status) noexcept {
    const std::unique_ptr<Write> self(static_cast<Write*>(request->data));
    HttpConnection* connection = owner_of(request->handle);
    if (connection != nullptr && self->is_answer) connection->on_answered(status);
  }
};

HttpConnection::HttpConnection(HttpShared& shared, OwnedHandle<uv_tcp_t> socket,
                               std::function<void(HttpConnection&)> ended)
    : shared_(shared),
      socket_(std::move(socket)),
      ended_(std::move(ended)),
      parser_(shared.limits.request) {
  auto timer = std::make_unique<uv_timer_t>();
  VERIFY(uv_timer_init(shared_.loop, timer.get()) == 0);
  deadline_.reset(timer.release());
  deadline_->data = this;
  socket_->data = this;
}

HttpConnection::~HttpConnection() {
  if (lookup_ == nullptr) return;
  lookup_->asker = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
}

void HttpConnection::start() {
  // Without this, an answer that leaves in two segments waits for the client's ACK.
  uv_tcp_nodelay(socket_.get(), 1);
  set_deadline(shared_.limits.read);
  read_more();
}

void HttpConnection::close_when_answered() {
  close_after_answer_ = true;
  if (state_ == State::kStreaming) stream_->end_now();
  if (state_ == State::kReading && !parser_.in_request()) end();
}

void HttpConnection::on_alloc(uv_handle_t* handle, std::size_t /*size*/,
                              uv_buf_t* buffer) noexcept {
  HttpConnection* self = owner_of(handle);
  *buffer = self == nullptr ? uv_buf_init(nullptr, 0)
                            : uv_buf_init(self->shared_.scratch.get(), HttpShared::kScratchBytes);
}

void HttpConnection::on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) noexcept {
  HttpConnection* self = owner_of(stream);
  if (self == nullptr || size == 0) return;
  const bool reading = self->state_ == State::kReading;
  if (size > 0) {  // After the request for a stream: nothing that counts.
    if (reading) self->take({buffer->base, static_cast<std::size_t>(size)});
  } else if (reading && size == UV_EOF) {
    self->take_end();
  } else {
    self->end();
  }
}

void HttpConnection::on_timeout(uv_timer_t* timer) noexcept {
  HttpConnection* self = owner_of(timer);
  if (self == nullptr) return;
  if (self->state_ == State::kHandling) {
    self->lookup_->asker = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&self->lookup_->request));
    self->lookup_ = nullptr;
    const std::string message = "timed out looking up a host name";
    self->respond(text_response(503, error_json(message, 503) + "\n"));
  } else if (self->state_ == State::kReading && self->parser_.in_request()) {
    self->close_after_answer_ = true;
    self->respond(text_response(408, "408 Request Timeout\n"));
  } else {
    self->end();
  }
}

void HttpConnection::read_more() {
  const int error = uv_read_start(stream(), on_alloc, on_read);
  // Fails only if the socket is already broken; the deadline, being up, tells the owner.
  if (error != 0) set_deadline(std::chrono::milliseconds(0));
}

/// REQUIRES: state_ is kReading.
void HttpConnection::take(std::string_view bytes) {
  const HttpParser::Step step = parser_.feed(bytes);
  switch (step.status) {
    case HttpParser::Status::kNeedsMore:
      if (parser_.in_request() && !std::exchange(reading_since_first_byte_, true)) {
        set_deadline(shared_.limits.read);
      }
      if (parser_.take_expects_continue()) write(std::string(kContinue), false);
      return;
    case HttpParser::Status::kRequest:
      uv_read_stop(stream());
      unread_ = bytes.substr(step.used_bytes);
      request_ = parser_.take_request();
      request_began_ns_ = uv_hrtime();
      if (!request_.keep_alive) close_after_answer_ = true;
      state_ = State::kHandling;
      set_deadline(shared_.limits.handle);
      handle();
      return;
    case HttpParser::Status::kFailed:
      request_began_ns_ = uv_hrtime();
      close_after_answer_ = true;
      respond(parser_.failure());
      return;
  }
}

void HttpConnection::take_end() {
  if (!parser_.in_request()) return end();
  close_after_answer_ = true;
  respond(parser_.failure_at_end());
}

/// REQUIRES: state_ is kHandling.
void HttpConnection::handle() {
  for (;;) {
    Result<HttpResponse> response = shared_.handler(request_, names_);
    if (response) return respond(*std::move(response));
    VERIFY(response.error().kind == ErrorKind::kNeedsLookup);
    if (look_up(response.error().message)) return;
  }
}

/// False if that failed at once; names_ then says so.
bool HttpConnection::look_up(const std::string& host) {
  VERIFY(names_.count(host) == 0);
  auto lookup = std::make_unique<Lookup>();
  lookup->host = host;
  lookup->asker = this;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int error = uv_getaddrinfo(shared_.loop, &lookup->request, Lookup::on_done, host.c_str(),
                                   nullptr, &hints);
  if (error == 0) {
    lookup_ = lookup.release();
    return true;
  }
  names_.emplace(host, unknown_host(host));  // E.g. a name that is too long.
  return false;
}

void HttpConnection::on_looked_up(const std::string& host,
                                  Result<std::vector<SocketAddress>> answer) {
  names_.emplace(host, std::move(answer));
  handle();
}

void HttpConnection::respond(HttpResponse response) {
  if (state_ == State::kReading) uv_read_stop(stream());
  if (response.stream != nullptr && shared_.streams.are_full()) {
    response = text_response(503, error_json("too many streams", 503) + "\n");
  }
  write_access_log(response);
  if (response.stream != nullptr && request_.method != "HEAD") {
    return stream_body(std::move(response));
  }
  state_ = State::kWriting;
  set_deadline(shared_.limits.write);
  write(serialize(response, request_, !close_after_answer_), true);
}

/// There is no deadline for all of it; the stream watches the client.
void HttpConnection::stream_body(HttpResponse response) {
  state_ = State::kStreaming;
  close_after_answer_ = true;
  uv_timer_stop(deadline_.get());
  unread_.clear();
  write(serialize(response, request_, false), false);
  stream_ = std::make_unique<HttpStream>(shared_.streams, *socket_, std::move(response.stream),
                                         request_.minor_version > 0,
                                         [this](HttpStream::End how) { on_stream_ended(how); });
  read_more();  // To hear of its end.
  stream_->start();
}

void HttpConnection::on_stream_ended(HttpStream::End how) {
  if (how != HttpStream::End::kWhole) return end();
  uv_read_stop(stream());
  linger();
}

void HttpConnection::write(std::string bytes, bool is_answer) {
  auto write = std::make_unique<Write>();
  write->bytes = std::move(bytes);
  write->is_answer = is_answer;
  write->request.data = write.get();
  const uv_buf_t buffer =
      uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const int error = uv_write(&write->request, stream(), &buffer, 1, Write::on_done);
  if (error == 0) {
    static_cast<void>(write.release());
  } else if (is_answer) {
    set_deadline(std::chrono::milliseconds(0));  // As in read_more().
  }
}

/// The answer has left, or will never.
void HttpConnection::on_answered(int status) {
  if (status != 0) return end();
  if (close_after_answer_) return linger();
  state_ = State::kReading;
  reading_since_first_byte_ = false;
  request_ = HttpRequest();
  names_.clear();
  set_deadline(shared_.limits.idle);
  if (const std::string bytes = std::exchange(unread_, {}); !bytes.empty()) take(bytes);
  if (state_ == State::kReading) read_more();
}

/// Closing at once, with bytes of the client's still unread, would make the
/// kernel send a reset, and that can destroy the answer on its way. So: send
/// FIN, and read on for a while until the client closes too.
void HttpConnection::linger() {
  state_ = State::kLingering;
  set_deadline(shared_.limits.linger);
  auto request = std::make_unique<uv_shutdown_t>();
  const int error = uv_shutdown(request.get(), stream(),
                                [](uv_shutdown_t* done, int /*status*/) { delete done; });
  if (error != 0) return end();
  static_cast<void>(request.release());
  read_more();
}

void HttpConnection::end() {
  if (std::exchange(state_, State::kEnded) == State::kEnded) return;
  if (stream_ != nullptr) stream_->stop();
  uv_timer_stop(deadline_.get());
  uv_read_stop(stream());
  ended_(*this);
}

void HttpConnection::set_deadline(std::chrono::milliseconds wait) {
  uv_update_time(shared_.loop);  // The handler may have taken its time.
  uv_timer_start(deadline_.get(), on_timeout, static_cast<std::uint64_t>(wait.count()), 0);
}

void HttpConnection::write_access_log(const HttpResponse& response) const {
  if (!logs(LogLevel::kDebug)) return;
  SocketAddress peer;
  int length = sizeof peer.storage;
  uv_tcp_getpeername(socket_.get(), peer.get(), &length);
  const std::string client = to_string(peer);
  const auto text = [](const std::string* value) {
    return value == nullptr ? std::string_view() : std::string_view(*value);
  };
  const std::string* own_id = find_header(response.headers, "X-Request-Id");
  const std::string* id =
      own_id != nullptr ? own_id : find_header(response.headers, "X-Toxiproxy-Request-Id");
  const double milliseconds = static_cast<double>(uv_hrtime() - request_began_ns_) / 1e6;
  log(LogLevel::kDebug, "api", "request",
      {{"request_id", text(id)},
       {"client", std::string_view(client)},
       {"method", std::string_view(request_.method)},
       {"url", std::string_view(request_.target)},
       {"user_agent", text(request_.header("User-Agent"))},
       {"status", static_cast<std::int64_t>(response.status)},
       {"size", static_cast<std::int64_t>(response.body.size())},
       {"duration_ms", milliseconds}});
}

}  // namespace faultline
