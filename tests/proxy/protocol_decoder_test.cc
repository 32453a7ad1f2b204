#include "proxy/protocol_decoder.h"

#include <catch2/catch.hpp>

#include "proxy/spec_decoder.h"
#include "proxy/timing_decoder.h"
#include "proxy/yaml_document.h"

namespace faultline {
namespace {

Document yaml(const std::string& text) {
  const auto document = parse_yaml(text, [](const std::string&) { return std::nullopt; });
  REQUIRE(document);
  return *document;
}

ProxySpec proxy(const std::string& fields, Dialect dialect = Dialect::kStrict) {
  const auto spec = decode_proxy(yaml("{name: p, listen: 127.0.0.1:0, " + fields + "}"), dialect);
  INFO((spec ? "" : spec.error().message));
  REQUIRE(spec);
  return *spec;
}

/// Without the place.
std::string error_of(const std::string& fields, Dialect dialect = Dialect::kStrict) {
  const auto spec = decode_proxy(yaml("{name: p, listen: 127.0.0.1:0, " + fields + "}"), dialect);
  INFO(fields);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().kind == ErrorKind::kInvalid);
  return spec.error().message.substr(spec.error().message.find(": ") + 2);
}

TEST_CASE("a proxy says what is spoken on it", "[protocol_decoder]") {
  CHECK(proxy("upstream: 'a:1'").protocols == Protocols{});
  CHECK(proxy("upstream: 'a:1', protocol: tcp, accept_proxy_protocol: false, "
              "send_proxy_protocol: none")
            .protocols == Protocols{});
  CHECK(proxy("upstream: 'a:1', accept_proxy_protocol: true, send_proxy_protocol: v1").protocols ==
        Protocols{.accepts_header = true, .sends_header = HeaderVersion::kV1});
  for (const std::string name : {"socks5", "connect", "transparent"}) {
    for (const Dialect dialect : {Dialect::kStrict, Dialect::kV1}) {
      CHECK(to_string(proxy("protocol: " + name, dialect).protocols.protocol) == name);
      CHECK(proxy("send_proxy_protocol: v2, upstream: '', protocol: " + name, dialect)
                .protocols.sends_header == HeaderVersion::kV2);
    }
  }
}

TEST_CASE("what cannot be spoken is refused with what to write", "[protocol_decoder]") {
  CHECK(error_of("protocol: sock5") ==
        "protocol must be `tcp`, `socks5`, `connect` or `transparent`, not `sock5`; did you mean "
        "`socks5`?");
  CHECK(error_of("upstream: 'a:1', send_proxy_protocol: v3") ==
        "send_proxy_protocol must be `v1`, `v2` or `none`, not `v3`; did you mean `v1`?");
  CHECK(error_of("upstream: 'a:1', accept_proxy_protocol: 1") ==
        "accept_proxy_protocol must be true or false, not the number 1");
  CHECK(error_of("upstream: 'a:1', protocol: ") == "protocol has no value");
  CHECK(error_of("enabled: true") == "missing required field: upstream");
  CHECK(error_of("protocol: tcp") == "missing required field: upstream");
  CHECK(error_of("protocol: socks5, upstream: 'a:1'") ==
        "protocol `socks5` takes no upstream, each client says where its connection goes: leave "
        "upstream out, or use protocol `tcp`");
  const auto spec =
      decode_proxy(yaml("{name: p, listen: 'unix:/a', protocol: transparent}"), Dialect::kV1);
  REQUIRE_FALSE(spec);
  CHECK(spec.error().message.find("needs a TCP port") != std::string::npos);
}

TEST_CASE("Toxiproxy's clients cannot say what is spoken", "[protocol_decoder]") {
  CHECK(proxy("upstream: 'a:1', protocol: socks5, accept_proxy_protocol: 7", Dialect::kToxiproxy)
            .protocols == Protocols{});
  CHECK(error_of("protocol: socks5", Dialect::kToxiproxy) == "missing required field: upstream");
}

Result<ToxicMatch> match(const std::string& text) {
  const Document document = yaml("match: " + text);
  const auto fields = Fields::of(document, Dialect::kStrict, "a toxic", {"match"});
  REQUIRE(fields);
  return decode_match(*fields, Dialect::kStrict);
}

TEST_CASE("a toxic may be for destinations, one or several", "[protocol_decoder][destination]") {
  const auto one = match("{destination: 'db1:5432', client: 10.1.0.0/16}");
  REQUIRE(one);
  CHECK(one->destinations.front().text() == "db1:5432");
  CHECK(one->clients.front().text() == "10.1.0.0/16");
  CHECK(*one == *match("{destinations: ['db1:5432'], clients: [10.1.0.0/16]}"));
  REQUIRE(match("{destinations: ['[fd00::/8]:5432', '*.cache.internal', 10.2.0.0/16]}"));
  const auto error = [](const std::string& text) {
    const auto decoded = match(text);
    INFO(text);
    REQUIRE_FALSE(decoded);
    return decoded.error().message.substr(decoded.error().message.find(": ") + 2);
  };
  CHECK(error("{destination: a, destinations: [b]}") ==
        "match.destination is given beside match.destinations: put it into that list");
  CHECK(error("{client: 10.0.0.1, clients: [10.0.0.2]}") ==
        "match.client is given beside match.clients: put it into that list");
  CHECK(error("{destinations: a}") ==
        "match.destinations must be a list like [10.2.0.0/16:5432], not a string");
  CHECK(error("{destinations: []}") ==
        "match.destinations is empty: leave match out, or name a destination");
  CHECK(error("{destination: [a]}") == "match.destinations: a prefix or a name, not a list");
  CHECK(error("{destination: '*'}") ==
        "match.destinations: `*` is every destination: leave it out");
  CHECK(error("{destination: 'a:0'}") ==
        "match.destinations: `a:0`: `0` is no port: it is a number from 1 to 65535");
}

}  // namespace
}  // namespace faultline
