#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "proxy/partition_decoder.h"
#include "proxy/yaml_document.h"
#include "proxy/zone_decoder.h"
#include "proxy/zone_matrix.h"
#include "tests/proxy/connection_world.h"

namespace faultline::test {

inline Document document(const std::string& yaml) {
  const auto read = parse_yaml(yaml, [](const std::string&) { return std::nullopt; });
  REQUIRE(read);
  return *read;
}

inline PartitionSpec partition(const std::string& yaml) {
  auto spec = decode_partition(document(yaml), Dialect::kStrict);
  if (!spec) FAIL(spec.error().message);
  return *std::move(spec);
}

/// Zones a, b and c, 127.1.0.0/16 and so on, with an echo in each, and a proxy in front of it.
struct ZonedWorld : ConnectionWorld {
  ZonedWorld() {
    const auto zones = decode_zones(document("{a: {cidrs: [127.1.0.0/16]}, "
                                             "b: {cidrs: [127.2.0.0/16]}, "
                                             "c: {cidrs: [127.3.0.0/16]}}"),
                                    Dialect::kStrict);
    REQUIRE(zones);
    REQUIRE(registry.set_zones(*zones, Registry::Attempt::kApply));
    create("to-a", {}, echo_a.address());
    create("to-b", {}, echo_b.address());
    create("to-c", {}, echo_c.address());
  }
  ZonedWorld(const ZonedWorld&) = delete;

  std::pair<Socket, int> dial(const std::string& from, const std::string& proxy,
                              milliseconds patience = kPatience) const {
    return Socket::try_connect_from("127." + from + ".0.9", (*registry.find(proxy))->listen,
                                    patience);
  }
  /// A connection from zone `from` ("1" is a) that has passed a byte each way.
  Socket open(const std::string& from, const std::string& proxy) const {
    auto [client, error] = dial(from, proxy);
    REQUIRE(error == 0);
    REQUIRE(round_trip(client, "x") == "x");
    return std::move(client);
  }
  void put(const std::string& yaml) {
    const auto done = registry.put_partition(partition(yaml), Registry::Attempt::kApply);
    if (!done) FAIL(done.error().message);
  }
  PairStatus pair(const std::string& partition, const std::string& client,
                  const std::string& destination) const {
    for (const PairStatus& pair : registry.partitions().all().find(partition)->second.pairs()) {
      if (pair.client == client && pair.destination == destination) return pair;
    }
    return {};
  }
  /// "a>b cut, ...": those that are not ok.
  std::string matrix() const {
    std::string text;
    for (const ZoneCell& cell : zone_matrix(registry.partitions())) {
      if (cell.state == ZoneCell::State::kOk) continue;
      text += (text.empty() ? "" : ", ") + cell.from + ">" + cell.to + " " +
              std::string(to_string(cell.state));
    }
    return text;
  }

  Server echo_a{echo(), "127.1.0.1:0"};
  Server echo_b{echo(), "127.2.0.1:0"};
  Server echo_c{echo(), "127.3.0.1:0"};
};

}  // namespace faultline::test
