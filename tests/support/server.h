#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/socket.h"

namespace faultline::test {

/// What becomes of a connection once its behaviour has returned.
enum class Then { kKeepOpen, kFinish, kClose, kReset };

/// How a scripted server treats one connection. Runs in a thread of its own;
/// an exception (the peer died, a deadline passed) ends it like kClose.
using Behaviour = std::function<Then(const Socket&)>;

Behaviour echo();                            ///< Sends back what it gets, and FIN after FIN.
Behaviour silent();                          ///< Never reads, never writes, never closes.
Behaviour swallow();                         ///< Reads and forgets, and closes after FIN.
Behaviour say(std::string bytes);            ///< Sends `bytes` and FIN; reads to the end.
Behaviour say_and_close(std::string bytes);  ///< Sends `bytes` and closes without reading.
Behaviour say_and_reset(std::string bytes);  ///< Sends `bytes`, and RST after the first byte read.
Behaviour answer_at_finish(std::string answer);  ///< Reads to FIN, then sends `answer` and FIN.

/// A listening socket whose connections behave as scripted.
class Server {
 public:
  explicit Server(Behaviour behaviour, const std::string& address = "127.0.0.1:0");
  ~Server();  ///< Ends every connection.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& address() const { return address_; }
  int accepted() const { return accepted_; }

 private:
  void accept_all();
  void serve(Socket& socket);

  const Behaviour behaviour_;
  const Socket listener_;
  const std::string address_;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;           // Guards closing: sockets_' descriptors.
  std::list<Socket> sockets_;  // Grown by acceptor_ alone.
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A listener that answers no SYN: its queue is full and nobody accepts.
class BlackHole {
 public:
  BlackHole();
  const std::string& address() const { return address_; }
  /// Empties the queue; what is retried from now on gets through to the listener.
  const Socket& heal();

 private:
  Socket listener_;
  std::string address_;
  std::vector<Socket> fillers_;
};

/// One thread that serves thousands of connections alike.
class CrowdServer {
 public:
  enum class Manner { kEcho, kFlood };  ///< kFlood sends as much as it can, and reads nothing.
  explicit CrowdServer(Manner manner);
  ~CrowdServer();
  CrowdServer(const CrowdServer&) = delete;
  CrowdServer& operator=(const CrowdServer&) = delete;

  const std::string& address() const { return address_; }
  int accepted() const { return accepted_; }
  int ended() const { return ended_; }    ///< How many connections ended, in any way.
  int resets() const { return resets_; }  ///< How many of them with RST.

 private:
  void run();
  void serve(int fd);

  const Manner manner_;
  const Socket listener_;
  const std::string address_;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> ended_ = 0;
  std::atomic<int> resets_ = 0;
  std::atomic<bool> stopping_ = false;
  int epoll_ = -1;
  std::list<Socket> sockets_;
  std::thread thread_;
};

}  // namespace faultline::test
