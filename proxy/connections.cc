#include "proxy/connections.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/connection.h"
#include "proxy/connection_survey.h"
#include "proxy/destination.h"
#include "proxy/shard.h"
#include "proxy/worker.h"

namespace faultline {

namespace {

/// The clock of whoever asks, and the digits he gives, need not be exact.
constexpr Duration kAbout = std::chrono::seconds(1);

/// What is left of faults on the connections of one proxy that one worker has.
struct Remains {
  std::uint64_t held_bytes = 0;
  std::uint64_t held_connections = 0;
  std::uint64_t socket_faults = 0;
  bool has_listener_faults = false;
};

bool is_about(const EndedConnection& connection, WallTime at) {
  return wall_time_of(connection.opened) <= at + kAbout &&
         wall_time_of(connection.ended) >= at - kAbout;
}

template <class Value>
void append(std::vector<Value>& all, std::vector<Value>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void sort_by_id(std::vector<ConnectionView>& views) {
  std::sort(views.begin(), views.end(), [](const ConnectionView& one, const ConnectionView& other) {
    return one.id < other.id;
  });
}

}  // namespace

std::vector<std::uint64_t> Connections::numbers_of(const std::optional<std::string>& proxy) const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, name] : proxies_) {
    if (!proxy || *proxy == name) numbers.push_back(number);
  }
  return numbers;
}

ConnectionPage Connections::page(const ConnectionFilter& filter, std::optional<ConnectionId> after,
                                 std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, kMostPerPage);
  const TimePoint now = clock_now();
  const ConnectionSurvey survey(workers_, numbers_of(filter.proxy));
  // First where the page ends: a view costs ten times as much as a look, and each
  // worker may have a whole page. One id more than is asked for tells of more.
  std::vector<std::vector<ConnectionId>> found(workers_.size());
  survey.run(after, [&](std::size_t worker, const Connection& connection) {
    if (filter.matches(connection, now)) found[worker].push_back(connection.id());
    return found[worker].size() <= limit;
  });
  std::vector<ConnectionId> ids;
  for (std::vector<ConnectionId>& some : found) append(ids, some);
  if (ids.empty()) return {};
  std::sort(ids.begin(), ids.end());
  const ConnectionId last = ids[std::min(ids.size(), limit) - 1];

  std::vector<std::vector<ConnectionView>> views(workers_.size());
  survey.run(after, [&](std::size_t worker, const Connection& connection) {
    if (last < connection.id()) return false;
    if (filter.matches(connection, now)) views[worker].push_back(connection.view(now));
    return true;
  });
  ConnectionPage page;
  for (std::vector<ConnectionView>& some : views) append(page.connections, some);
  sort_by_id(page.connections);
  if (ids.size() > limit) page.next = last;
  if (page.connections.size() > limit) {  // Some have come to match meanwhile.
    page.connections.resize(limit);
    page.next = page.connections.back().id;
  }
  return page;
}

/// Looks at one connection, and ends it if it is to be.
Result<ConnectionView> Connections::visit(ConnectionId id, std::optional<Farewell> farewell) const {
  std::vector<std::optional<ConnectionView>> found(workers_.size());
  workers_.run_on_all([&](Worker& worker, std::size_t index) {
    const Shard* shard = worker.find_shard(id.proxy);
    if (shard == nullptr) return;
    Connection* const connection = shard->connections().find(id.ordinal);
    if (connection == nullptr) return;
    found[index] = connection->view(clock_now());
    if (farewell) connection->close(*farewell, EndedBy::kRequest);
  });
  for (std::optional<ConnectionView>& view : found) {
    if (view) return *std::move(view);
  }
  return fail(ErrorKind::kNotFound, "connection not found");
}

Result<ConnectionView> Connections::find(ConnectionId id) const {
  return visit(id, std::nullopt);
}

Result<ConnectionView> Connections::end(ConnectionId id, Farewell farewell) const {
  return visit(id, farewell);
}

std::map<ZoneId, std::string> Connections::destinations(const std::string& proxy,
                                                        const ZoneMap& map) const {
  std::vector<std::map<ZoneId, std::string>> found(workers_.size());
  ConnectionSurvey(workers_, numbers_of(proxy))
      .run({}, [&](std::size_t worker, const Connection& connection) {
        ZoneId zone = connection.zones().destination;
        if (zone == kUnknownZone) {  // It is not dialled yet.
          const CompactAddress address = destination_of(connection.destination()).address;
          if (address.is_ip()) zone = map.zone_of(*address.address().get());
        }
        if (zone != kUnknownZone) found[worker].try_emplace(zone, connection.destination());
        return found[worker].size() < map.ids();
      });
  for (std::size_t i = 1; i < found.size(); ++i) found[0].merge(found[i]);
  return found[0];
}

ClientHistory Connections::of_client(const CompactAddress& client,
                                     std::optional<WallTime> at) const {
  ClientHistory history;
  std::vector<std::vector<ConnectionView>> live(workers_.size());
  std::vector<std::vector<EndedConnection>> ended(workers_.size());
  const TimePoint now = clock_now();
  ConnectionSurvey(workers_, numbers_of({}))
      .run({}, [&](std::size_t worker, const Connection& connection) {
        const bool is_asked_for = connection.client() == client &&
                                  (!at || wall_time_of(connection.opened()) <= *at + kAbout);
        if (is_asked_for) live[worker].push_back(connection.view(now));
        return live[worker].size() < kMostPerPage;
      });
  // After the live ones: one that ends meanwhile is seen twice rather than not at all.
  workers_.run_on_all([&](Worker& worker, std::size_t index) {
    worker.ended().for_each([&](const EndedConnection& connection) {
      if (connection.client != client || (at && !is_about(connection, *at))) return;
      ended[index].push_back(connection);
    });
  });
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    append(history.live, live[i]);
    append(history.ended, ended[i]);
  }
  sort_by_id(history.live);
  std::sort(history.ended.begin(), history.ended.end(),
            [](const EndedConnection& one, const EndedConnection& other) {
              return one.ended > other.ended;
            });
  std::erase_if(history.live, [&](const ConnectionView& view) {
    return std::any_of(history.ended.begin(), history.ended.end(),
                       [&](const EndedConnection& over) { return over.id == view.id; });
  });
  return history;
}

void Connections::add_lingering(std::vector<Lingering>& found) const {
  std::vector<std::map<std::uint64_t, Remains>> remains(workers_.size());  // By proxy.
  std::vector<std::uint64_t> closing(workers_.size());
  ConnectionSurvey(workers_, numbers_of({}))
      .run({}, [&](std::size_t worker, const Connection& connection) {
        const Connection::Traces traces = connection.traces();
        Remains& sum = remains[worker][connection.id().proxy];
        sum.held_bytes += traces.held_bytes;
        sum.held_connections += traces.is_held ? 1 : 0;
        sum.socket_faults += traces.has_faults ? 1 : 0;
        return true;
      });
  workers_.run_on_all([&](Worker& worker, std::size_t index) {
    closing[index] = worker.farewells().size();
    for (const auto& [number, name] : proxies_) {
      const Shard* shard = worker.find_shard(number);
      if (shard != nullptr && shard->has_listener_faults()) {
        remains[index][number].has_listener_faults = true;
      }
    }
  });
  const auto add = [&](Lingering::Kind kind, const std::string& proxy, std::uint64_t count) {
    if (count > 0) found.push_back({.kind = kind, .proxy = proxy, .count = count});
  };
  for (const auto& [number, name] : proxies_) {
    Remains sum;
    for (const std::map<std::uint64_t, Remains>& of_worker : remains) {
      const auto part = of_worker.find(number);
      if (part == of_worker.end()) continue;
      sum.held_bytes += part->second.held_bytes;
      sum.held_connections += part->second.held_connections;
      sum.socket_faults += part->second.socket_faults;
      sum.has_listener_faults |= part->second.has_listener_faults;
    }
    add(Lingering::Kind::kListenerFault, name, sum.has_listener_faults ? 1 : 0);
    add(Lingering::Kind::kSocketFault, name, sum.socket_faults);
    add(Lingering::Kind::kHeldConnection, name, sum.held_connections);
    add(Lingering::Kind::kHeldBytes, name, sum.held_bytes);
  }
  std::uint64_t all_closing = 0;
  for (const std::uint64_t sockets : closing) all_closing += sockets;
  add(Lingering::Kind::kClosingSocket, "", all_closing);
}

}  // namespace faultline
