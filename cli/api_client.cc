#include "cli/api_client.h"

#include <cctype>
#include <cstdlib>
#include <optional>
#include <utility>

#include "cli/blocking_socket.h"
#include "cli/response_reader.h"

namespace faultline {

namespace {

/// An event stream has a ping every 10 s.
constexpr std::chrono::seconds kSilence{45};

Result<std::vector<SocketAddress>> addresses_blocking(const HostPort& where) {
  Names names;
  auto addresses = addresses_of(where, names);
  if (addresses || addresses.error().kind != ErrorKind::kNeedsLookup) return addresses;
  names.emplace(where.host, look_up_blocking(where.host));
  return addresses_of(where, names);
}

std::string host_of(const ApiUrl& url) {
  const bool is_ipv6 = url.where.host.find(':') != std::string::npos;
  const std::string host = url.where.is_unix ? "localhost"
                           : is_ipv6         ? "[" + url.where.host + "]"
                                             : url.where.host;
  return host + ":" + std::to_string(url.where.port);
}

std::string request_text(const ApiUrl& url, std::string_view method, std::string_view path,
                         std::string_view body) {
  std::string text = std::string(method) + " " + url.path_prefix + std::string(path) +
                     " HTTP/1.1\r\nHost: " + host_of(url) +
                     "\r\nUser-Agent: faultline/" FAULTLINE_VERSION
                     "\r\nAccept: application/json\r\nConnection: close\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n";
  if (!body.empty()) text += "Content-Type: application/json\r\n";
  text += "\r\n";
  text += body;
  return text;
}

/// To HTTP/1.0 a stream comes as it is, without chunks.
std::string stream_request_text(const ApiUrl& url, std::string_view path) {
  return "GET " + url.path_prefix + std::string(path) + " HTTP/1.0\r\nHost: " + host_of(url) +
         "\r\nUser-Agent: faultline/" FAULTLINE_VERSION "\r\nAccept: text/event-stream\r\n\r\n";
}

/// Cuts what is received into lines.
class Lines {
 public:
  explicit Lines(BlockingSocket& socket) : socket_(socket) {}

  /// The next line, without its end; nothing at the end of the stream.
  Result<std::optional<std::string>> next(BlockingSocket::Deadline deadline) {
    std::size_t looked_at = 0;
    while (true) {
      const std::size_t end = text_.find('\n', looked_at);
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return std::optional(std::move(line));
      }
      looked_at = text_.size();
      if (looked_at > kLongestLine) return fail(ErrorKind::kNetwork, "a line is too long");
      const auto bytes = socket_.receive(deadline);
      if (!bytes) return Fail(bytes.error());
      if (bytes->empty()) return std::nullopt;
      text_ += *bytes;
    }
  }

  /// All that there still is.
  Result<std::string> rest(BlockingSocket::Deadline deadline) {
    while (text_.size() <= kLongestLine) {
      const auto bytes = socket_.receive(deadline);
      if (!bytes) return Fail(bytes.error());
      if (bytes->empty()) return std::move(text_);
      text_ += *bytes;
    }
    return fail(ErrorKind::kNetwork, "the answer is too long");
  }

 private:
  static constexpr std::size_t kLongestLine = 8UL << 20;

  BlockingSocket& socket_;
  std::string text_;  // Received, and not yet taken.
};

}  // namespace

Result<ApiUrl> parse_api_url(std::string_view text) {
  ApiUrl url;
  url.text = text;
  std::string_view rest = text;
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorKind::kInvalid, "`" + std::string(text) + "`: " + why);
  };
  std::string_view default_port = "8474";
  if (rest.starts_with("unix:")) {
    const auto where = parse_host_port(rest);
    if (!where) return wrong(where.error().message);
    url.where = *where;
    return url;
  }
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (rest.substr(0, scheme) != "http") return wrong("the control API speaks plain http only");
    rest.remove_prefix(scheme + 3);
    default_port = "80";
  }
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    url.path_prefix = rest.substr(slash);
    while (url.path_prefix.ends_with('/')) url.path_prefix.pop_back();
    rest = rest.substr(0, slash);
  }
  if (url.path_prefix.find_first_of(" \r\n") != std::string::npos) return wrong("bad path");
  std::string address(rest);
  const std::size_t after_brackets =
      rest.rfind(']') == std::string_view::npos ? 0 : rest.rfind(']');
  if (rest.find(':', after_brackets) == std::string_view::npos) {
    address += ':';
    address += default_port;
  }
  const auto where = parse_host_port(address);
  if (!where) return wrong(where.error().message);
  url.where = *where;
  if (url.where.host.empty()) url.where.host = "localhost";
  if (url.where.host.find_first_of(" \r\n\t") != std::string::npos) return wrong("bad host name");
  return url;
}

Result<ApiResponse> ApiClient::request(std::string_view method, std::string_view path,
                                       std::string_view body) const {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  const auto addresses = addresses_blocking(url_.where);
  if (!addresses) return fail(ErrorKind::kNetwork, addresses.error().message);
  auto socket = BlockingSocket::connect(*addresses, deadline, interrupt_);
  if (!socket) return Fail(socket.error());
  if (auto sent = socket->send_all(request_text(url_, method, path, body), deadline); !sent) {
    return Fail(sent.error());
  }
  ResponseReader reader;
  while (true) {
    const auto bytes = socket->receive(deadline);
    if (!bytes) return Fail(bytes.error());
    const Result<bool> complete = bytes->empty() ? reader.feed_end() : reader.feed(*bytes);
    if (!complete) return Fail(complete.error());
    if (*complete) return reader.take();
    if (bytes->empty()) return fail(ErrorKind::kNetwork, "the connection was closed unanswered");
  }
}

Result<ApiResponse> ApiClient::stream(
    std::string_view path, const std::function<void(std::string_view line)>& on_line) const {
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  const auto addresses = addresses_blocking(url_.where);
  if (!addresses) return fail(ErrorKind::kNetwork, addresses.error().message);
  auto socket = BlockingSocket::connect(*addresses, deadline, interrupt_);
  if (!socket) return Fail(socket.error());
  if (auto sent = socket->send_all(stream_request_text(url_, path), deadline); !sent) {
    return Fail(sent.error());
  }
  Lines lines(*socket);
  const auto first = lines.next(deadline);
  if (!first) return Fail(first.error());
  constexpr std::size_t kStatusAt = std::string_view("HTTP/1.x ").size();
  if (!*first || !(*first)->starts_with("HTTP/1.") || (*first)->size() < kStatusAt + 3) {
    return fail(ErrorKind::kNetwork, "what answers is no HTTP server");
  }
  ApiResponse response{.status = std::atoi((*first)->c_str() + kStatusAt), .body = ""};
  for (auto header = lines.next(deadline);; header = lines.next(deadline)) {
    if (!header) return Fail(header.error());
    if (!*header || (*header)->empty()) break;
  }
  if (response.status != 200) {
    auto body = lines.rest(deadline);
    if (!body) return Fail(body.error());
    response.body = *std::move(body);
    return response;
  }
  while (true) {
    const auto line = lines.next(std::chrono::steady_clock::now() + kSilence);
    if (!line) return Fail(line.error());
    if (!*line) return response;
    on_line(**line);
  }
}

std::string path_segment(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~:@!$&'()*+,;=";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  if (out == "." || out == "..") return out == "." ? "%2E" : "%2E%2E";  // Else cleaned away.
  return out;
}

}  // namespace faultline
