#include "tests/support/mesh.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace faultline::test {

namespace {

constexpr std::size_t kSaidAtOnce = 64;
constexpr milliseconds kBetweenMessages{40};
constexpr int kMostZones = 8;

/// What is an epoll event about: the low bits say what, the rest which.
enum class What : std::uint64_t { kNode, kClient, kServed };

std::uint64_t tag(What what, std::size_t index) {
  return static_cast<std::uint64_t>(index) << 2U | static_cast<std::uint64_t>(what);
}

/// The byte that stands there in every stream.
char byte_at(std::uint64_t place) {
  return static_cast<char>((place * 31 + place / 251) % 251);
}

std::size_t cell(Mesh::Between zones) {
  return static_cast<std::size_t>(zones.client * kMostZones + zones.server);
}

}  // namespace

Mesh::Mesh(int zones, int nodes_per_zone)
    : last_byte_(kMostZones * kMostZones, Clock::time_point::min()),
      round_trips_(kMostZones * kMostZones),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (int zone = 1; zone <= zones; ++zone) {
    for (int node = 1; node <= nodes_per_zone; ++node) {
      const std::string host = "127." + std::to_string(zone) + ".0." + std::to_string(node);
      Socket listener = Socket::listen(host + ":0");
      std::string address = listener.local_address();
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = tag(What::kNode, nodes_.size());
      epoll_ctl(epoll_, EPOLL_CTL_ADD, listener.fd(), &event);
      nodes_.push_back({zone, std::move(listener), std::move(address)});
    }
  }
  thread_ = std::thread([this] { run(); });
}

Mesh::~Mesh() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  thread_.join();
  ::close(epoll_);
}

std::size_t Mesh::connect(const std::vector<std::string>& proxies, std::size_t each) {
  for (std::size_t turn = 0; turn < each; ++turn) {
    for (std::size_t from = 0; from < nodes_.size(); ++from) {
      const std::string& own = nodes_[from].address;
      for (std::size_t to = 0; to < nodes_.size(); ++to) {
        if (from == to) continue;
        auto [socket, error] =
            Socket::try_connect_from(own.substr(0, own.find(':')), proxies.at(to));
        if (error != 0) throw std::runtime_error("a node cannot connect");
        const std::lock_guard lock(mutex_);
        Client& client = clients_.emplace_back();
        client.socket = std::move(socket);
        client.zones = {nodes_[from].zone, nodes_[to].zone};
        client.is_busy = turn == 0;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = tag(What::kClient, clients_.size() - 1);
        epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket.fd(), &event);
        say(client);  // So that the server knows whose it is.
      }
    }
  }
  return clients_.size();
}

void Mesh::speak(Between zones) {
  constexpr std::size_t kAtOnce = 8;
  for (std::size_t next = 0; next < clients_.size(); next += kAtOnce) {
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = next; i < std::min(next + kAtOnce, clients_.size()); ++i) {
        if (is_of(zones, clients_[i].zones)) say(clients_[i]);
      }
    }
    pause_for(milliseconds(1));
  }
}

std::size_t Mesh::count(Between zones) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(clients_.begin(), clients_.end(),
                    [&](const Client& client) { return is_of(zones, client.zones); }));
}

std::size_t Mesh::unanswered(Between zones, milliseconds patience) {
  std::vector<std::uint64_t> said;
  {
    const std::lock_guard lock(mutex_);
    for (const Client& client : clients_) said.push_back(client.sent);
  }
  std::size_t left = 0;
  eventually(
      [&] {
        const std::lock_guard lock(mutex_);
        left = 0;
        for (std::size_t i = 0; i < said.size(); ++i) {
          if (is_of(zones, clients_[i].zones) && clients_[i].received < said[i]) ++left;
        }
        return left == 0;
      },
      patience);
  return left;
}

Clock::time_point Mesh::last_byte(Between zones) {
  const std::lock_guard lock(mutex_);
  Clock::time_point last = Clock::time_point::min();
  for (int client = 1; client < kMostZones; ++client) {
    for (int server = 1; server < kMostZones; ++server) {
      if (is_of(zones, {client, server})) last = std::max(last, last_byte_[cell({client, server})]);
    }
  }
  return last;
}

std::chrono::microseconds Mesh::slowest_hundredth(Between zones) {
  std::vector<std::chrono::microseconds> all;
  {
    const std::lock_guard lock(mutex_);
    for (int client = 1; client < kMostZones; ++client) {
      for (int server = 1; server < kMostZones; ++server) {
        if (!is_of(zones, {client, server})) continue;
        auto& some = round_trips_[cell({client, server})];
        all.insert(all.end(), some.begin(), some.end());
        some.clear();
      }
    }
  }
  if (all.empty()) return {};
  std::sort(all.begin(), all.end());
  return all[all.size() - 1 - all.size() / 100];
}

std::size_t Mesh::wrong() {
  const std::lock_guard lock(mutex_);
  return wrong_;
}

std::size_t Mesh::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Mesh::is_of(Between what, Between zones) {
  return (what.client == 0 || what.client == zones.client) &&
         (what.server == 0 || what.server == zones.server);
}

void Mesh::note_byte(Between zones) {
  last_byte_[cell(zones)] = Clock::now();
}

void Mesh::run() {
  for (;;) {
    std::array<epoll_event, 256> events{};
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 5);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      const std::size_t index = data >> 2U;
      switch (static_cast<What>(data & 3U)) {
        case What::kNode:
          accept(index);
          break;
        case What::kClient:
          read_client(clients_[index]);
          break;
        case What::kServed:
          read_served(served_[index]);
          break;
      }
    }
    const auto now = Clock::now();
    for (Client& client : clients_) {
      if (client.is_busy && !client.is_waiting && client.next <= now) say(client);
    }
  }
}

void Mesh::accept(std::size_t node) {
  for (;;) {
    Socket socket(
        accept4(nodes_[node].listener.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) return;
    Served& served = served_.emplace_back();
    served.socket = std::move(socket);
    served.zones = {0, nodes_[node].zone};
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = tag(What::kServed, served_.size() - 1);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, served.socket.fd(), &event);
  }
}

void Mesh::say(Client& client) {
  std::string message;
  // The first byte of a stream is the zone of who speaks: the server does not see him.
  if (client.sent == 0) message.push_back(static_cast<char>(client.zones.client));
  while (message.size() < kSaidAtOnce) message.push_back(byte_at(client.sent + message.size()));
  const ssize_t sent = ::send(client.socket.fd(), message.data(), message.size(), MSG_NOSIGNAL);
  if (sent <= 0) return;
  client.sent += static_cast<std::uint64_t>(sent);
  client.is_waiting = true;
  client.asked = Clock::now();
}

void Mesh::read_client(Client& client) {
  std::array<char, 16 * 1024> buffer{};
  const ssize_t got = ::recv(client.socket.fd(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    ++ended_;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, client.socket.fd(), nullptr);
    return;
  }
  note_byte(client.zones);
  bool is_right = true;
  for (ssize_t i = 0; i < got; ++i) {
    const std::uint64_t place = client.received + static_cast<std::uint64_t>(i);
    const char expected = place == 0 ? static_cast<char>(client.zones.client) : byte_at(place);
    is_right &= buffer[static_cast<std::size_t>(i)] == expected;
  }
  if (!is_right) ++wrong_;
  client.received += static_cast<std::uint64_t>(got);
  if (client.received < client.sent) return;
  const auto now = Clock::now();
  client.is_waiting = false;
  client.next = now + kBetweenMessages;
  round_trips_[cell(client.zones)].push_back(
      std::chrono::duration_cast<std::chrono::microseconds>(now - client.asked));
}

void Mesh::read_served(Served& served) {
  std::array<char, 16 * 1024> buffer{};
  const ssize_t got = ::recv(served.socket.fd(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, served.socket.fd(), nullptr);
    return;
  }
  const auto size = static_cast<std::size_t>(got);
  if (served.received == 0) served.zones.client = buffer[0];
  bool is_right = served.zones.client > 0 && served.zones.client < kMostZones;
  if (is_right) note_byte(served.zones);
  for (std::size_t i = served.received == 0 ? 1 : 0; i < size; ++i) {
    is_right &= buffer[i] == byte_at(served.received + i);
  }
  if (!is_right) ++wrong_;
  served.received += size;
  ::send(served.socket.fd(), buffer.data(), size, MSG_NOSIGNAL);  // It is little.
}

}  // namespace faultline::test
