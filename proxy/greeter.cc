#include "proxy/greeter.h"

#include <array>
#include <utility>

#include "proxy/http_connect.h"
#include "proxy/proxy_protocol.h"
#include "proxy/socks5.h"

namespace faultline {

namespace {

constexpr std::size_t kAtOnce = 4096;

}  // namespace

std::unique_ptr<Greeter> Greeter::make(const Protocols& protocols, std::string destination) {
  if (protocols.has_upstream() && !protocols.accepts_header) return nullptr;
  std::unique_ptr<Greeter> greeter(new Greeter(protocols.accepts_header));
  auto& greetings = greeter->greetings_;
  if (protocols.accepts_header) greetings.push_back(std::make_unique<ProxyHeader>());
  if (protocols.protocol == Protocol::kSocks5) greetings.push_back(std::make_unique<Socks5>());
  if (protocols.protocol == Protocol::kConnect) {
    greetings.push_back(std::make_unique<HttpConnect>());
  }
  greeter->introduction_.destination = std::move(destination);
  greeter->is_done_ = greetings.empty();
  return greeter;
}

/// Bytes are looked at where they are, and only those of the greeting are taken out.
Greeter::State Greeter::hear(Socket& client) {
  std::array<char, kAtOnce> buffer{};
  while (client.may_read()) {
    const Transfer seen = client.peek(buffer.data(), buffer.size());
    if (seen.state == Transfer::State::kWouldBlock) break;
    if (seen.state != Transfer::State::kMoved) {
      return has_heard_ ? refuse("it ends in the middle of its greeting") : State::kGone;
    }
    has_heard_ = true;
    const Greeting::Step step = greetings_[next_]->feed({buffer.data(), seen.bytes}, introduction_);
    if (step.used > 0 && client.read(buffer.data(), step.used).bytes != step.used) {
      return refuse("its greeting has urgent data in it");
    }
    const State state = take(step, client);
    if (state != State::kListening) return state;
  }
  return State::kListening;
}

Greeter::State Greeter::take(const Greeting::Step& step, Socket& client) {
  const bool is_told = step.reply.empty() || write_first(client, step.reply);
  if (step.status == Greeting::Status::kRefused) return refuse(step.reason);
  if (!is_told) return refuse("it takes no answer");
  if (step.status == Greeting::Status::kDone) ++next_;
  is_done_ = next_ == greetings_.size();
  return is_done_ ? State::kDone : State::kListening;
}

Greeter::State Greeter::refuse(std::string reason) {
  reason_ = std::move(reason);
  return State::kRefused;
}

bool Greeter::answer(Socket& client, const DialEnd& end) {
  const std::string bytes = greetings_.empty() ? "" : greetings_.back()->answer(end);
  greetings_.clear();  // Connections live long; what they were heard with need not.
  return bytes.empty() || write_first(client, bytes);
}

bool write_first(Socket& socket, const std::string& bytes) {
  return socket.may_write() && socket.write(bytes).bytes == bytes.size();
}

}  // namespace faultline
