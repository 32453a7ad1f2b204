#include "control-api/json_writer.h"

#include <catch2/catch.hpp>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "base/random.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

ToxicSpec toxic(const std::string& name, const std::string& type, Direction direction) {
  ToxicSpec spec;
  spec.name = name;
  spec.type = find_toxic_type(type);
  spec.direction = direction;
  spec.stream_text = direction == Direction::kUpstream ? "UpStream" : "downstream";
  spec.attributes = spec.type->default_attributes();
  return spec;
}

TEST_CASE("text is escaped as Go does", "[json_writer]") {
  CHECK(json_string("a/b") == R"("a/b")");
  CHECK(json_string("<>&") == R"("\u003c\u003e\u0026")");
  CHECK(json_string("\"\\") == R"("\"\\")");
  CHECK(json_string(std::string("\0\x01\x1f\n\r\t\b\x7f", 8)) ==
        "\"\\u0000\\u0001\\u001f\\n\\r\\t\\u0008\x7f\"");
  CHECK(json_string("\u2028\u2029\u2030") == "\"\\u2028\\u2029\u2030\"");
  CHECK(json_string("a\xff\xc3") == R"("a\ufffd\ufffd")");
  CHECK(json_string("\u00e9\U0001f600") == "\"\u00e9\U0001f600\"");
}

TEST_CASE("toxicity is printed as Go prints a float32", "[json_writer]") {
  CHECK(json_number(0.2F) == "0.2");
  CHECK(json_number(0.12345679F) == "0.12345679");
  CHECK(json_number(1) == "1");
  CHECK(json_number(0) == "0");
  CHECK(json_number(-0.0F) == "-0");
  CHECK(json_number(80) == "80");
  CHECK(json_number(-1.5F) == "-1.5");
  CHECK(json_number(1e-6F) == "0.000001");
  CHECK(json_number(9.9e-7F) == "9.9e-7");
  CHECK(json_number(1e-9F) == "1e-9");
  CHECK(json_number(1e-10F) == "1e-10");
  CHECK(json_number(1e20F) == "100000000000000000000");
  CHECK(json_number(1.5e20F) == "150000000000000000000");
  CHECK(json_number(1e21F) == "1e+21");
  CHECK(json_number(1e22F) == "1e+22");
  CHECK(json_number(12345.678F) == "12345.678");
  CHECK(json_number(FLT_MAX) == "3.4028235e+38");
}

TEST_CASE("any toxicity is read back as it was", "[json_writer]") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(random.next());
    float number = 0;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    INFO(json_number(number));
    REQUIRE(std::strtof(json_number(number).c_str(), nullptr) == number);
  }
}

TEST_CASE("objects have their keys in Toxiproxy's order", "[json_writer]") {
  ProxySpec proxy{
      .name = "a", .listen = "127.0.0.1:1", .upstream = "u:2", .enabled = true, .toxics = {}};
  CHECK(to_json(proxy) ==
        R"({"name":"a","listen":"127.0.0.1:1","upstream":"u:2","enabled":true,"toxics":[]})");
  ToxicSpec latency = toxic("down", "latency", Direction::kDownstream);
  latency.attributes = attributes_of("latency", {-5, INT64_MAX});
  latency.toxicity = 0.2F;
  CHECK(to_json(latency) ==
        R"({"attributes":{"latency":-5,"jitter":9223372036854775807},"name":"down",)"
        R"("type":"latency","stream":"downstream","toxicity":0.2})");
  CHECK(to_json(toxic("n", "noop", Direction::kUpstream)) ==
        R"({"attributes":{},"name":"n","type":"noop","stream":"UpStream","toxicity":1})");
}

TEST_CASE("a choice is written as its name, and not at all while it has its default",
          "[json_writer]") {
  ToxicSpec slow = toxic("slow", "bandwidth", Direction::kDownstream);
  slow.attributes = {1000, 0};
  CHECK(to_json(slow).find(R"({"attributes":{"rate":1000},)") == 0);
  slow.attributes = {1000, 1};
  CHECK(to_json(slow).find(R"({"attributes":{"rate":1000,"scope":"proxy"},)") == 0);
}

TEST_CASE("how far a toxic reaches is written as far as it was said", "[json_writer]") {
  ToxicSpec noop = toxic("n", "noop", Direction::kUpstream);
  const std::string plain = to_json(noop);
  const auto extras = [&] { return to_json(noop).substr(plain.size() - 1); };
  noop.match = {.not_clients = {*IpPrefix::parse("10.0.0.0/8")},
                .share = ConnectionShare{.share = 0.3, .by = ConnectionShare::By::kClient}};
  CHECK(extras() == R"(,"match":{"not_clients":["10.0.0.0/8"],"connections":0.3,"by":"client"}})");
  noop.match = {};
  noop.reach = {.affects = Scope::kNew, .on_remove = OnRemove::kClose};
  CHECK(extras() == R"(,"affects":"new","on_remove":"close"})");
  noop.reach = {.affects = Scope::kOpen, .on_remove = OnRemove::kReset, .shadow = true};
  CHECK(extras() == R"(,"affects":"open","on_remove":"reset","shadow":true})");
  noop.reach = {.limits = {.max_connections = 5, .max_bytes_delayed = 10'000'000}};
  CHECK(extras() == R"(,"limits":{"max_connections":5,"max_bytes_delayed":10000000}})");
  noop.reach = {.limits = {.max_share = 0.2}};
  CHECK(extras() == R"(,"limits":{"max_share":0.2}})");
}

TEST_CASE("upstream toxics are listed first, each direction in the order made", "[json_writer]") {
  ProxySpec proxy;
  proxy.toxics = {
      toxic("d1", "noop", Direction::kDownstream), toxic("u1", "noop", Direction::kUpstream),
      toxic("d2", "noop", Direction::kDownstream), toxic("u2", "noop", Direction::kUpstream)};
  const std::string json = toxic_list_json(proxy);
  CHECK(json.find("u1") < json.find("u2"));
  CHECK(json.find("u2") < json.find("d1"));
  CHECK(json.find("d1") < json.find("d2"));
  CHECK(json.front() == '[');
  CHECK(json.back() == ']');
}

TEST_CASE("lists and errors", "[json_writer]") {
  ProxySpec a;
  a.name = "a";
  ProxySpec b;
  b.name = "b<";
  CHECK(proxies_by_name_json({}) == "{}");
  CHECK(proxy_list_json({}) == "[]");
  CHECK(proxies_by_name_json({&a, &b}) ==
        R"({"a":)" + to_json(a) + R"(,"b\u003c":)" + to_json(b) + "}");
  CHECK(proxy_list_json({&a, &b}) == "[" + to_json(a) + "," + to_json(b) + "]");
  CHECK(error_json("no \"x\"", 404) == R"({"error":"no \"x\"","status":404})");
}

}  // namespace
}  // namespace faultline
