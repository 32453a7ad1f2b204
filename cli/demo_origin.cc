#include "cli/demo_origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/verify.h"

namespace faultline {

namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 23\r\n\r\n"
    "Hello from the origin.\n";
constexpr std::size_t kMaxRequestBytes = std::size_t{64} * 1024;

}  // namespace

DemoOrigin::DemoOrigin()
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      stop_event_(eventfd(0, EFD_CLOEXEC)) {
  VERIFY(listener_ >= 0 && stop_event_ >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  VERIFY(bind(listener_, generic, size) == 0 && listen(listener_, SOMAXCONN) == 0);
  VERIFY(getsockname(listener_, generic, &size) == 0);
  address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { serve(); });
}

DemoOrigin::~DemoOrigin() {
  const std::uint64_t one = 1;
  VERIFY(write(stop_event_, &one, sizeof one) == sizeof one);
  thread_.join();
  for (const Client& client : clients_) close(client.descriptor);
  close(stop_event_);
  close(listener_);
}

void DemoOrigin::serve() {
  while (true) {
    std::vector<pollfd> watched = {{stop_event_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Client& client : clients_) watched.push_back({client.descriptor, POLLIN, 0});
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0) return;
    std::vector<Client> open;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (watched[i + 2].revents == 0 || answer(clients_[i])) {
        open.push_back(std::move(clients_[i]));
      } else {
        close(clients_[i].descriptor);
      }
    }
    clients_ = std::move(open);
    if (watched[1].revents != 0) accept_client();
  }
}

void DemoOrigin::accept_client() {
  const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor < 0) return;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  clients_.push_back({descriptor, ""});
}

bool DemoOrigin::answer(Client& client) {
  char buffer[4096];
  const ssize_t count = recv(client.descriptor, buffer, sizeof buffer, 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  client.unread.append(buffer, static_cast<std::size_t>(count));
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  for (std::size_t end = 0; (end = client.unread.find(kEndOfHead)) != std::string::npos;) {
    client.unread.erase(0, end + kEndOfHead.size());
    // An answer fits into the socket's buffer, unless the client reads none of them.
    const ssize_t sent = send(client.descriptor, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(kAnswer.size())) return false;
  }
  return client.unread.size() <= kMaxRequestBytes;
}

}  // namespace faultline
