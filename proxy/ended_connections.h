#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "proxy/compact_address.h"
#include "proxy/connection_id.h"
#include "proxy/live_toxic.h"

namespace faultline {

/// Who ended a connection.
enum class EndedBy {
  kClient,       ///< Its FIN came first, or its RST, or it was found dead.
  kUpstream,     ///< The same.
  kToxic,        ///< A toxic, or that one was removed from it.
  kUnreachable,  ///< The upstream could not be reached.
  kGreeting,     ///< What the client had to say first was not understood, or did not come.
  kRequest,      ///< Somebody asked for just that.
  kProxy,        ///< Its proxy was disabled, redirected or removed.
};

/// "client", "upstream", "toxic", "unreachable", "greeting", "request", "proxy".
std::string_view to_string(EndedBy by);

/// What is remembered of a connection that is over.
struct EndedConnection {
  /// Longer names are cut, so that the memory has a limit.
  static constexpr std::size_t kMostName = 128;
  static constexpr std::size_t kMostToxics = 16;

  ConnectionId id{};
  std::string proxy{};
  CompactAddress client{};
  std::string destination{};  ///< Where it went, or was to go; "" if it had not said.
  TimePoint opened{};
  TimePoint ended{};
  EndedBy by = EndedBy::kProxy;
  bool was_reset = false;  ///< With RST, else with FIN.
  /// By Direction: read from its source, written to its destination.
  std::array<std::uint64_t, 2> received_bytes{};
  std::array<std::uint64_t, 2> sent_bytes{};
  std::vector<std::string> toxics{};  ///< That were in force on it at its end, the first so many.
  std::size_t more_toxics = 0;        ///< How many more there were.

  void set_proxy(std::string_view name) { proxy.assign(name.substr(0, kMostName)); }
  void set_destination(std::string_view text) { destination.assign(text.substr(0, kMostName)); }
  void set_toxics(const ToxicSet& all, const ConnectionIdentity& connection, TimePoint now);
};

/// The last connections of a worker that have ended. They keep their memory and
/// use it again: noting one allocates nothing, once names have room.
class EndedConnections {
 public:
  static constexpr std::size_t kMost = 1024;

  /// The place for the next one, in which there may be an old one: set all of it.
  EndedConnection& next();

  /// Calls `visit` with each, the latest first.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      visit(ring_[(last_ + ring_.size() - i) % ring_.size()]);
    }
  }

 private:
  std::vector<EndedConnection> ring_;
  std::size_t last_ = 0;  // The place of the latest.
};

}  // namespace faultline
