#pragma once

#include <sys/resource.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/connections.h"
#include "proxy/packet_filter.h"
#include "proxy/registry.h"
#include "proxy/workers.h"
#include "tests/support/server.h"
#include "tests/support/socket.h"
#include "tests/toxics/attributes.h"

namespace faultline::test {

inline ToxicSpec toxic_of(const std::string& type, const Attributes& first = {},
                          Direction direction = Direction::kDownstream) {
  ToxicSpec toxic;
  toxic.name = type;
  toxic.type = find_toxic_type(type);
  toxic.direction = direction;
  toxic.attributes = attributes_of(type, first);
  return toxic;
}

/// So long that the connection would never be dialled.
inline ToxicSpec holding() {
  return toxic_of("connect_delay", {3'600'000});
}

/// A registry whose proxies are in front of one echo.
struct ConnectionWorld {
  explicit ConnectionWorld(std::size_t count = 2)
      : workers({.count = count, .may_filter_packets = probe_packet_filters().has_value()}) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }

  void create(const std::string& name, std::vector<ToxicSpec> toxics = {},
              const std::string& to = "") {
    REQUIRE(registry.create({.name = name,
                             .listen = "127.0.0.1:0",
                             .upstream = to.empty() ? upstream.address() : to,
                             .toxics = std::move(toxics)},
                            {}));
  }
  Socket connect(const std::string& proxy) const {
    return Socket::connect((*registry.find(proxy))->listen);
  }
  /// A connection that has passed a byte each way.
  Socket open(const std::string& proxy) const {
    Socket client = connect(proxy);
    REQUIRE(round_trip(client, "x") == "x");
    return client;
  }
  std::vector<ConnectionView> list(const ConnectionFilter& filter = {}) const {
    return registry.connections().page(filter, {}, Connections::kMostPerPage).connections;
  }
  /// The only connection, once it is in `state`.
  ConnectionView only_one(ConnectionState state) const {
    REQUIRE(eventually([&] { return list({.state = state}).size() == 1; }));
    return list().front();
  }
  ClientHistory history_of(const std::string& client, std::optional<WallTime> at = {}) const {
    const auto address = addresses_of(*parse_host_port(client), {})->front();
    return registry.connections().of_client(CompactAddress(address), at);
  }
  /// What is remembered of the only connection that client has had, once it is over.
  EndedConnection end_of(const Socket& client) const {
    const std::string address = client.local_address();
    REQUIRE(eventually([&] { return history_of(address).ended.size() == 1; }));
    CHECK(history_of(address).live.empty());
    return history_of(address).ended.front();
  }
  std::vector<std::string> lingering() const {
    std::vector<std::string> all;
    for (const Lingering& one : registry.lingering()) {
      all.push_back(std::string(to_string(one.kind)) + " " + one.proxy + " " + one.toxic);
    }
    return all;
  }

  Server upstream{echo()};
  Workers workers;
  Registry registry{workers, 1};
};

inline Ending ending_of(const Socket& socket) {
  return socket.receive_all().ending;
}

}  // namespace faultline::test
