#pragma once

#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace faultline {

/// The service behind the demo's proxy: a tiny HTTP/1.1 server on a thread of
/// its own that answers every request alike and keeps connections open.
class DemoOrigin {
 public:
  DemoOrigin();
  ~DemoOrigin();  ///< Closes every connection.
  DemoOrigin(const DemoOrigin&) = delete;
  DemoOrigin& operator=(const DemoOrigin&) = delete;

  /// "127.0.0.1:40123".
  const std::string& address() const { return address_; }

 private:
  struct Client {
    int descriptor;
    std::string unread;  // The beginning of a request.
  };

  void serve();
  void accept_client();
  /// False if the client is to be closed.
  static bool answer(Client& client);

  int listener_;
  int stop_event_;  // An eventfd: readable once it is time to stop.
  std::string address_;
  std::vector<Client> clients_;  // Of the thread.
  std::thread thread_;
};

}  // namespace faultline
