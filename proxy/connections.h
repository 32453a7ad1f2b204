#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/connection_filter.h"
#include "proxy/connection_view.h"
#include "proxy/ended_connections.h"
#include "proxy/lingering.h"
#include "proxy/workers.h"
#include "zones/zone_map.h"

namespace faultline {

/// A part of a list of connections, by id.
struct ConnectionPage {
  std::vector<ConnectionView> connections;
  std::optional<ConnectionId> next{};  ///< There are more behind this one; ask with it as `after`.
};

/// What is known of the connections of one client address. A port is used again
/// and again, so there may be several.
struct ClientHistory {
  std::vector<ConnectionView> live;    ///< By id.
  std::vector<EndedConnection> ended;  ///< The latest end first, as far as it is remembered.
};

/// The connections of all proxies, live and lately ended. Made for one question,
/// on the control thread, and valid until the next change of its registry.
class Connections {
 public:
  static constexpr std::size_t kMostPerPage = 1000;

  /// `proxies`: their names by their numbers.
  Connections(Workers& workers, std::map<std::uint64_t, std::string> proxies)
      : workers_(workers), proxies_(std::move(proxies)) {}

  /// Those that `filter` is for, behind `after`: `limit`, at least one and at most
  /// kMostPerPage. Going on with `next` shows each that stays open all the time
  /// once, whatever opens and ends meanwhile.
  ConnectionPage page(const ConnectionFilter& filter, std::optional<ConnectionId> after,
                      std::size_t limit) const;

  /// Errors: kNotFound "connection not found".
  Result<ConnectionView> find(ConnectionId id) const;

  /// Ends it: both sides have been told once this returns. What toxics held of it
  /// is lost. Returns what it was. Errors as for find().
  Result<ConnectionView> end(ConnectionId id, Farewell farewell) const;

  /// Of the client with that address; with `at`, those only that were there within
  /// a second of it.
  ClientHistory of_client(const CompactAddress& client, std::optional<WallTime> at) const;

  /// For each zone of `map` that a connection of `proxy` goes to: where one of them does,
  /// HOST:PORT as its client has asked for it.
  std::map<ZoneId, std::string> destinations(const std::string& proxy, const ZoneMap& map) const;

  /// Adds what is left on connections and sockets.
  void add_lingering(std::vector<Lingering>& found) const;

 private:
  std::vector<std::uint64_t> numbers_of(const std::optional<std::string>& proxy) const;
  Result<ConnectionView> visit(ConnectionId id, std::optional<Farewell> farewell) const;

  Workers& workers_;
  const std::map<std::uint64_t, std::string> proxies_;
};

}  // namespace faultline
