#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/socket.h"

namespace faultline::test {

/// Nodes in zones that all dial each other, in one thread: each is an echo, and the client of
/// every other. Zone z has the addresses 127.z.0.0/16, from 1 up; its nodes are 127.z.0.1 and so
/// on.
///
/// Every connection carries a stream of its own, whose bytes both ends check. Those that are busy
/// always have a message under way, or begin one within some milliseconds.
class Mesh {
 public:
  /// Two zones, by whom is dialled from where; or all.
  struct Between {
    int client = 0;
    int server = 0;
  };

  Mesh(int zones, int nodes_per_zone);
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  std::size_t nodes() const { return nodes_.size(); }
  int zone_of(std::size_t node) const { return nodes_[node].zone; }
  /// Where a node listens itself.
  const std::string& address(std::size_t node) const { return nodes_[node].address; }

  /// `each` connections from every node to every other, by way of `proxies`, one for each node;
  /// one of each pair of nodes is busy. Returns how many there are. Once.
  std::size_t connect(const std::vector<std::string>& proxies, std::size_t each);

  // Of the connections between two zones, or, with zone 0, between any:
  std::size_t count(Between zones);
  /// Every client says something more, busy or not: a few each millisecond. What all say at once
  /// into a black hole they all send again at once, and a kernel drops what is more than its
  /// queue takes (net.core.netdev_max_backlog, 1000).
  void speak(Between zones);
  /// How many have not got back, in time, all that they had said when it was called.
  std::size_t unanswered(Between zones, milliseconds patience);
  /// When a byte last came, at either end; Clock::time_point::min() if none ever has.
  Clock::time_point last_byte(Between zones);
  /// The slowest hundredth of round trips since the last call; 0 of none.
  std::chrono::microseconds slowest_hundredth(Between zones);
  std::size_t wrong();  ///< Connections with a byte that was not said there, at either end.
  std::size_t ended();  ///< Connections that have ended.

 private:
  struct Node {
    int zone;
    Socket listener;
    std::string address;
  };
  struct Client {
    Socket socket;
    Between zones;
    bool is_busy = false;
    bool is_waiting = false;  // For an answer.
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    Clock::time_point asked{};
    Clock::time_point next{};  // When a busy one says something again.
  };
  struct Served {
    Socket socket;
    Between zones;
    std::uint64_t received = 0;
  };

  void run();
  void accept(std::size_t node);
  void read_client(Client& client);
  void read_served(Served& served);
  void say(Client& client);
  static bool is_of(Between what, Between zones);
  void note_byte(Between zones);

  std::vector<Node> nodes_;
  std::mutex mutex_;  // Guards all below, for the length of one connection's turn.
  std::deque<Client> clients_;
  std::deque<Served> served_;
  std::vector<Clock::time_point> last_byte_;  // By client's and server's zone.
  std::vector<std::vector<std::chrono::microseconds>> round_trips_;
  std::size_t wrong_ = 0;
  std::size_t ended_ = 0;
  bool stopping_ = false;
  int epoll_ = -1;
  std::thread thread_;
};

}  // namespace faultline::test
