#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/socket.h"

namespace faultline::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP response, taken apart.
struct Reply {
  int status = 0;
  Headers headers;
  std::string body;

  /// The value of a header, letter case ignored; "(none)" if it is absent.
  std::string header(std::string_view name) const;
};

/// The body of an error of the control API: {"error":"...","status":404} and a newline.
std::string error_body(const std::string& message, int status);

/// One HTTP connection on which anything can be said.
class HttpConnection {
 public:
  explicit HttpConnection(const std::string& address) : socket_(Socket::connect(address)) {}

  void send(std::string_view bytes) const { socket_.send(bytes); }
  /// The next response; one to HEAD has no body. Throws std::runtime_error at the end of the
  /// stream.
  Reply read_reply(bool to_head = false);
  const Socket& socket() const { return socket_; }

 private:
  std::string read_line();
  std::string read_bytes(std::size_t count);
  void fill();

  Socket socket_;
  std::string buffer_;  // Read, and not yet used.
};

/// A client of the control API: one keep-alive connection, renewed when it is closed.
class Api {
 public:
  explicit Api(std::string address) : address_(std::move(address)) {}

  Reply get(const std::string& path) { return request("GET", path, ""); }
  Reply post(const std::string& path, const std::string& body = "") {
    return request("POST", path, body);
  }
  Reply patch(const std::string& path, const std::string& body) {
    return request("PATCH", path, body);
  }
  Reply remove(const std::string& path) { return request("DELETE", path, ""); }
  Reply request(const std::string& method, const std::string& path, const std::string& body,
                const Headers& headers = {});

  /// Sends exactly `bytes` on a new connection and reads one response.
  Reply raw(std::string_view bytes) const;

  const std::string& address() const { return address_; }

 private:
  std::string address_;
  std::vector<HttpConnection> connection_;  // One, or none yet.
};

}  // namespace faultline::test
