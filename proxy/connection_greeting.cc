// Connection: what is said on it before the bytes of its peers.

#include <utility>

#include "proxy/connection.h"
#include "proxy/proxy_protocol.h"
#include "proxy/shard.h"

namespace faultline {

std::string_view Connection::client_name() const {
  return greeter_ == nullptr ? "" : std::string_view(greeter_->introduction().client_name);
}

std::string_view Connection::destination() const {
  return shard_.route().protocols.has_upstream() || greeter_ == nullptr
             ? shard_.upstream()
             : std::string_view(greeter_->introduction().destination);
}

/// Where it goes, as far as that is known by now.
Destination Connection::target() const {
  Destination to = destination_of(destination());
  if (dialled_.is_ip()) to.address = dialled_;
  return to;
}

void Connection::hear_greeting() {
  const Greeter::State state = greeter_->hear(*client_);
  const SocketAddress& client = greeter_->introduction().client;
  if (client.length > 0) client_address_ = CompactAddress(client);
  switch (state) {
    case Greeter::State::kListening:
      return;
    case Greeter::State::kGone:
      return end(client_->is_broken() ? Ending::kReset : Ending::kClose, EndedBy::kClient);
    case Greeter::State::kRefused:
      return end_greeting(greeter_->reason());
    case Greeter::State::kDone:
      break;
  }
  learn_zones();
  dial_from_ = clock_now();
  apply_toxics(dial_from_);  // By now it is known whom they are for.
}

void Connection::end_greeting(const std::string& reason) {
  shard_.note_greeting_failure(client_address_, reason);
  end(Ending::kClose, EndedBy::kGreeting);
}

/// Has both sides told what they are to know before the first byte of the other.
/// Returns who has not taken that.
std::optional<EndedBy> Connection::introduce() {
  const Protocols& protocols = shard_.route().protocols;
  if (protocols.sends_header) {
    SocketAddress reached =
        greeter_ == nullptr ? SocketAddress{} : greeter_->introduction().reached;
    if (reached.length == 0 && protocols.protocol == Protocol::kTransparent) {
      reached = destination_of(destination()).address.address();
    }
    if (reached.length == 0) reached = client_->local_address();
    const std::string header =
        proxy_header(*protocols.sends_header, client_address_.address(), reached);
    if (!write_first(*upstream_, header)) return EndedBy::kUpstream;
  }
  if (greeter_ == nullptr) return std::nullopt;
  const bool is_told = greeter_->answer(*client_, {.local = upstream_->local_address()});
  return is_told ? std::nullopt : std::optional(EndedBy::kClient);
}

/// Which toxics are for it is known only now that its dial has ended. False: by
/// these it is over, or should not have been dialled, or not yet; then it is as
/// if it had not been.
bool Connection::is_passed_on(TimePoint now) {
  const ConnectionIdentity me = meet_toxics(now);
  set_faults(faults_for(shard_.toxics(), me, now));
  toxics_change_at_ = next_change(shard_.toxics(), me, now);
  if (!is_let_in()) return false;
  if (faults_ == nullptr) return true;
  const bool is_held = faults_->reception != Reception::kDial;
  if (!is_held && after(dial_from_, faults_->dial_delay) <= now) return true;
  arrange_dial(now);
  return false;
}

}  // namespace faultline
