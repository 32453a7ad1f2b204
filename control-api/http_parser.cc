#include "control-api/http_parser.h"

#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

void trim_end(std::string& text) {
  text.resize(text.find_last_not_of(" \t") + 1);
}

}  // namespace

struct HttpParser::Callbacks {
  static HttpParser& self(llhttp_t* llhttp) { return *static_cast<HttpParser*>(llhttp->data); }

  static int on_message_begin(llhttp_t* llhttp) noexcept {
    self(llhttp).in_request_ = true;
    return HPE_OK;
  }

  static int on_url(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    if (!self(llhttp).count_header_bytes(length)) return HPE_USER;
    self(llhttp).request_.target.append(at, length);
    return HPE_OK;
  }

  static int on_header_field(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    HttpParser& parser = self(llhttp);
    HttpHeaders& headers = parser.request_.headers;
    constexpr std::size_t kBytesAround = 4;  // ": " and the end of the line.
    const bool opens = headers.empty() || parser.in_value_;
    if (!parser.count_header_bytes(length + (opens ? kBytesAround : 0))) return HPE_USER;
    if (parser.headers_complete_) return HPE_OK;  // A trailer: nobody asks for those.
    if (opens) headers.emplace_back();
    parser.in_value_ = false;
    headers.back().first.append(at, length);
    return HPE_OK;
  }

  static int on_header_value(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    HttpParser& parser = self(llhttp);
    if (!parser.count_header_bytes(length)) return HPE_USER;
    if (parser.headers_complete_) return HPE_OK;
    parser.in_value_ = true;
    parser.request_.headers.back().second.append(at, length);
    return HPE_OK;
  }

  static int on_header_value_complete(llhttp_t* llhttp) noexcept {
    self(llhttp).in_value_ = true;  // Also when the value is empty.
    return HPE_OK;
  }

  static int on_headers_complete(llhttp_t* llhttp) noexcept {
    return self(llhttp).on_headers_complete();
  }

  static int on_chunk_extension(llhttp_t* llhttp, const char* /*at*/, std::size_t length) noexcept {
    return self(llhttp).count_header_bytes(length) ? HPE_OK : HPE_USER;
  }

  static int on_body(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    HttpParser& parser = self(llhttp);
    if (parser.request_.body.size() + length > parser.limits_.body_bytes) {
      return parser.fail(413, "the body is too large");
    }
    parser.request_.body.append(at, length);
    return HPE_OK;
  }

  static int on_message_complete(llhttp_t* llhttp) noexcept {
    HttpParser& parser = self(llhttp);
    parser.request_.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    parser.complete_ = true;
    parser.in_request_ = false;
    return HPE_PAUSED;
  }

  static llhttp_settings_t settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = on_message_begin;
    settings.on_url = on_url;
    settings.on_header_field = on_header_field;
    settings.on_header_value = on_header_value;
    settings.on_header_value_complete = on_header_value_complete;
    settings.on_headers_complete = on_headers_complete;
    settings.on_chunk_extension_name = on_chunk_extension;
    settings.on_chunk_extension_value = on_chunk_extension;
    settings.on_body = on_body;
    settings.on_message_complete = on_message_complete;
    return settings;
  }
};

HttpParser::HttpParser(const Limits& limits) : limits_(limits) {
  static const llhttp_settings_t kSettings = Callbacks::settings();
  llhttp_init(&llhttp_, HTTP_REQUEST, &kSettings);
  llhttp_.data = this;
}

HttpParser::Step HttpParser::feed(std::string_view bytes) {
  VERIFY(!complete_);
  if (bytes.empty()) return {Status::kNeedsMore, 0};
  const llhttp_errno_t error = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  if (error == HPE_OK) return {Status::kNeedsMore, bytes.size()};
  if (error == HPE_PAUSED && complete_) {
    const auto used = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
    VERIFY(used <= bytes.size());
    return {Status::kRequest, used};
  }
  if (failure_.body.empty()) {
    const bool version = error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE;
    const char* reason = llhttp_get_error_reason(&llhttp_);
    fail(version ? 505 : 400, reason == nullptr ? "malformed" : reason);
  }
  return {Status::kFailed, bytes.size()};
}

HttpResponse HttpParser::failure_at_end() const {
  return text_response(400, "400 Bad Request: the request is cut off\n");
}

HttpRequest HttpParser::take_request() {
  VERIFY(complete_);
  HttpRequest request = std::move(request_);
  request_ = HttpRequest();
  header_bytes_ = 0;
  in_value_ = headers_complete_ = complete_ = expects_continue_ = false;
  llhttp_resume(&llhttp_);
  return request;
}

bool HttpParser::take_expects_continue() {
  return std::exchange(expects_continue_, false);
}

int HttpParser::on_headers_complete() {
  headers_complete_ = true;
  request_.method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_.method));
  request_.minor_version = llhttp_.http_minor;
  if (llhttp_.http_major != 1) return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  // A server may ignore the wish to speak another protocol: read on as HTTP/1.
  llhttp_.upgrade = 0;

  std::size_t hosts = 0;
  for (auto& [name, value] : request_.headers) {
    trim_end(value);
    if (same_but_case(name, "Host")) ++hosts;
  }
  if (hosts == 0 && request_.minor_version > 0) return fail(400, "missing required Host header");
  if (hosts > 1) return fail(400, "too many Host headers");

  const bool sized = (llhttp_.flags & F_CONTENT_LENGTH) != 0;
  if (sized && llhttp_.content_length > limits_.body_bytes) {
    return fail(413, "the body is too large");
  }
  const bool has_body = (llhttp_.flags & F_CHUNKED) != 0 || (sized && llhttp_.content_length > 0);
  if (const std::string* expect = request_.header("Expect")) {
    if (!same_but_case(*expect, "100-continue")) return fail(417, "unknown expectation");
    expects_continue_ = has_body && request_.minor_version > 0;
  }
  return HPE_OK;
}

/// The return value is for llhttp, which then stops.
int HttpParser::fail(int status, const std::string& reason) {
  failure_ = text_response(status, std::to_string(status) + " " +
                                       std::string(reason_phrase(status)) + ": " + reason + "\n");
  return HPE_USER;
}

bool HttpParser::count_header_bytes(std::size_t more) {
  header_bytes_ += more;
  if (header_bytes_ <= limits_.header_bytes) return true;
  fail(431, "the request's headers are too large");
  return false;
}

}  // namespace faultline
