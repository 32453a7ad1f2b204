#include "tests/support/http.h"

#include <strings.h>

#include <stdexcept>

namespace faultline::test {

std::string Reply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return "(none)";
}

std::string error_body(const std::string& message, int status) {
  return R"({"error":")" + message + R"(","status":)" + std::to_string(status) + "}\n";
}

Reply HttpConnection::read_reply(bool to_head) {
  Reply reply;
  const std::string status_line = read_line();
  if (status_line.rfind("HTTP/1.", 0) != 0 || status_line.size() < 12) {
    throw std::runtime_error("not a status line: '" + status_line + "'");
  }
  reply.status = std::stoi(status_line.substr(9, 3));
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) throw std::runtime_error("not a header: '" + line + "'");
    reply.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  const bool has_body = !to_head && reply.status >= 200 && reply.status != 204;
  if (!has_body) return reply;
  if (reply.header("Transfer-Encoding") == "chunked") {
    for (;;) {
      const std::size_t size = std::stoul(read_line(), nullptr, 16);
      reply.body += read_bytes(size);
      read_line();
      if (size == 0) return reply;
    }
  }
  const std::string length = reply.header("Content-Length");
  if (length != "(none)") {
    reply.body = read_bytes(std::stoul(length));
  } else {
    reply.body = buffer_ + socket_.receive_all().bytes;
    buffer_.clear();
  }
  return reply;
}

std::string HttpConnection::read_line() {
  for (;;) {
    const std::size_t end = buffer_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    fill();
  }
}

std::string HttpConnection::read_bytes(std::size_t count) {
  while (buffer_.size() < count) fill();
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

void HttpConnection::fill() {
  const Received some = socket_.receive_some(SIZE_MAX);
  if (some.bytes.empty()) throw std::runtime_error("no (whole) HTTP response");
  buffer_ += some.bytes;
}

Reply Api::request(const std::string& method, const std::string& path, const std::string& body,
                   const Headers& headers) {
  std::string text = method + " " + path + " HTTP/1.1\r\n";
  bool names_host = false;
  for (const auto& [key, value] : headers) {
    text.append(key).append(": ").append(value).append("\r\n");
    names_host = names_host || strcasecmp(key.c_str(), "Host") == 0;
  }
  if (!names_host) text.append("Host: ").append(address_).append("\r\n");
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;

  if (!connection_.empty() && !connection_.front().socket().is_quiet_for(milliseconds(0))) {
    connection_.clear();  // The server closed it.
  }
  if (connection_.empty()) connection_.emplace_back(address_);
  try {
    connection_.front().send(text);
    Reply reply = connection_.front().read_reply(method == "HEAD");
    if (reply.header("Connection") == "close") connection_.clear();
    return reply;
  } catch (...) {
    connection_.clear();
    throw;
  }
}

Reply Api::raw(std::string_view bytes) const {
  HttpConnection connection(address_);
  connection.send(bytes);
  return connection.read_reply();
}

}  // namespace faultline::test
