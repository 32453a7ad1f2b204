#include "proxy/http_connect.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/verify.h"
#include "proxy/destination.h"
#include "proxy/fields.h"

namespace faultline {

namespace {

using Step = Greeting::Step;
using Status = Greeting::Status;

constexpr std::size_t kMostUserName = 255;

std::string connect_answer(const std::string& status, const std::string& text,
                           const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
         std::to_string(text.size() + 1) + "\r\n\r\n" + text + "\n";
}

Step connect_refusal(const std::string& status, const std::string& reason,
                     const std::string& headers = "") {
  return {.status = Status::kRefused,
          .reply = connect_answer(status, status + ": " + reason, headers),
          .reason = reason};
}

/// The six bits that a character of base64 stands for; 64 for others.
unsigned sextet_of(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kDigits.find(c);
  return at == std::string_view::npos ? 64 : static_cast<unsigned>(at);
}

std::optional<std::string> from_base64(std::string_view text) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const unsigned sextet = sextet_of(c);
    if (sextet > 63) return std::nullopt;
    bits = (bits << 6U | sextet) & 0xFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFU);
  }
  return bytes;
}

/// The user name in the value of Proxy-Authorization; "" if there is none.
std::optional<std::string> user_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!same_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return "";
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ') || authorization.ends_with('\t')) {
    authorization.remove_suffix(1);
  }
  const std::optional<std::string> decoded = from_base64(authorization);
  if (!decoded) return std::nullopt;
  std::string user = decoded->substr(0, decoded->find(':'));
  if (user.size() > kMostUserName) return std::nullopt;
  return user;
}

/// HOST:PORT in the form that a dial takes.
Result<std::string> destination_from(std::string_view target) {
  const std::size_t colon = target.rfind(':');
  std::string_view host = target.substr(0, colon);
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    const char* end = target.data() + target.size();
    const auto parsed = std::from_chars(target.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) port = 0;
  }
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (has_brackets != has_colon) return fail(ErrorKind::kInvalid, "the destination is no host");
  return destination_text(host, port);
}

}  // namespace

struct HttpConnect::Callbacks {
  static HttpConnect& self(llhttp_t* llhttp) { return *static_cast<HttpConnect*>(llhttp->data); }

  static int on_url(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    self(llhttp).target_.append(at, length);
    return HPE_OK;
  }

  static int on_header_field(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    if (std::exchange(self(llhttp).in_value_, false)) self(llhttp).name_.clear();
    self(llhttp).name_.append(at, length);
    return HPE_OK;
  }

  static int on_header_value(llhttp_t* llhttp, const char* at, std::size_t length) noexcept {
    HttpConnect& greeting = self(llhttp);
    greeting.in_value_ = true;
    if (same_ignoring_case(greeting.name_, "Proxy-Authorization")) {
      greeting.authorization_.append(at, length);
    }
    return HPE_OK;
  }

  static int on_header_value_complete(llhttp_t* llhttp) noexcept {
    self(llhttp).in_value_ = true;  // Also when the value is empty.
    return HPE_OK;
  }

  /// What is behind the head of a CONNECT is the client's own; of others nobody wants it.
  static int on_headers_complete(llhttp_t* llhttp) noexcept {
    self(llhttp).is_complete_ = true;
    return llhttp->method == HTTP_CONNECT ? HPE_OK : -1;
  }

  static llhttp_settings_t settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_header_field;
    settings.on_header_value = on_header_value;
    settings.on_header_value_complete = on_header_value_complete;
    settings.on_headers_complete = on_headers_complete;
    return settings;
  }
};

HttpConnect::HttpConnect() {
  static const llhttp_settings_t kSettings = Callbacks::settings();
  llhttp_init(&llhttp_, HTTP_REQUEST, &kSettings);
  llhttp_.data = this;
}

Step HttpConnect::feed(std::string_view bytes, Introduction& introduction) {
  // Not more than there is room for: how long the head is will be known only behind it.
  const std::string_view taken = bytes.substr(0, kMostBytes - bytes_);
  const llhttp_errno_t error = llhttp_execute(&llhttp_, taken.data(), taken.size());
  if (is_complete_) {
    if (llhttp_.method != HTTP_CONNECT) {
      return connect_refusal("405 Method Not Allowed", "this is a proxy for CONNECT only",
                             "Allow: CONNECT\r\n");
    }
    if (error == HPE_PAUSED_UPGRADE) {
      const auto used = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - taken.data());
      VERIFY(used <= taken.size());
      return take(used, introduction);
    }
  }
  if (error != HPE_OK) return connect_refusal("400 Bad Request", "the request is not understood");
  bytes_ += taken.size();
  if (bytes_ == kMostBytes) {
    return connect_refusal("431 Request Header Fields Too Large",
                           "the request is longer than 16 KiB");
  }
  return {.used = taken.size()};
}

/// The head is complete.
Step HttpConnect::take(std::size_t used, Introduction& introduction) const {
  if (llhttp_.http_major != 1)
    return connect_refusal("400 Bad Request", "this is a proxy for HTTP/1");
  Result<std::string> destination = destination_from(target_);
  if (!destination) return connect_refusal("400 Bad Request", destination.error().message);
  std::optional<std::string> user = user_of(authorization_);
  if (!user) return connect_refusal("400 Bad Request", "Proxy-Authorization is not understood");
  introduction.destination = *std::move(destination);
  introduction.client_name = *std::move(user);
  return {.status = Status::kDone, .used = used};
}

std::string HttpConnect::answer(const DialEnd& end) const {
  if (end.error == 0) return "HTTP/1.1 200 Connection established\r\n\r\n";
  if (end.error == ETIMEDOUT) {
    return connect_answer("504 Gateway Timeout",
                          "504 Gateway Timeout: the destination does not answer");
  }
  const std::string why = end.error == ECONNREFUSED ? "the destination refuses the connection"
                                                    : "the destination cannot be reached";
  return connect_answer("502 Bad Gateway", "502 Bad Gateway: " + why);
}

}  // namespace faultline
