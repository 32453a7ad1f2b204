// What people write on a command line: durations, sizes, proxies, attributes, addresses.

#include <catch2/catch.hpp>
#include <limits>

#include "base/quantities.h"
#include "cli/api_client.h"
#include "cli/attribute_option.h"
#include "cli/console.h"
#include "cli/go_number.h"
#include "cli/serve_options.h"

namespace faultline {
using std::chrono::milliseconds;
using namespace std::chrono_literals;

TEST_CASE("durations are read as Go writes them", "[quantities]") {
  const std::pair<const char*, milliseconds> good[] = {
      {"0", 0ms},        {"5s", 5'000ms},       {"300ms", 300ms}, {"1h30m", 5'400'000ms},
      {"1.5s", 1'500ms}, {".5s", 500ms},        {"2000us", 2ms},  {"1m0.5s", 60'500ms},
      {"2M", 120'000ms}, {"1000\xc2\xb5s", 1ms}};
  for (const auto& [text, expected] : good) {
    INFO(text);
    const auto parsed = parse_duration(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
  for (const char* wrong : {"", "5", "s", "-5s", "5x", "1h30", "5 s", "1e3s", "9999999999h", "."}) {
    INFO(wrong);
    const auto parsed = parse_duration(wrong);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message ==
          "`" + std::string(wrong) + "` is no duration: write 500ms, 5s, 2m or 1h30m");
  }
}

TEST_CASE("durations print as people write them, exactly", "[quantities]") {
  for (const char* text : {"0", "1ns", "250us", "1.5s", "59.999s", "1m", "1m30s", "1m500ms", "2h",
                           "1h30m", "1h1ns", "876000h"}) {
    INFO(text);
    CHECK(duration_text(parse_duration(text).value()) == text);
  }
  CHECK(duration_text(90s) == "1m30s");
  CHECK(duration_text(7'200s) == "2h");
}

TEST_CASE("sizes tell 1000 from 1024", "[quantities]") {
  const std::pair<const char*, std::size_t> good[] = {{"0", 0},
                                                      {"100", 100},
                                                      {"1KB", 1000},
                                                      {"1KiB", 1024},
                                                      {"64MiB", 64 << 20},
                                                      {"1.5kb", 1500},
                                                      {"1GiB", std::size_t{1} << 30U},
                                                      {"2gb", 2'000'000'000},
                                                      {"5B", 5}};
  for (const auto& [text, expected] : good) {
    INFO(text);
    const auto parsed = parse_size(text);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
  for (const char* wrong : {"", "MiB", "-1", "1 MB", "1XB", "1MB2", "99999999TiB", "1k"}) {
    INFO(wrong);
    CHECK_FALSE(parse_size(wrong));
  }
}

TEST_CASE("--proxy is NAME=LISTEN,UPSTREAM, and says what is wrong", "[serve_options]") {
  const auto spec = parse_proxy_option("redis=127.0.0.1:26379,redis.internal:6379");
  REQUIRE(spec);
  CHECK(spec->name == "redis");
  CHECK(spec->listen == "127.0.0.1:26379");
  CHECK(spec->upstream == "redis.internal:6379");
  CHECK(parse_proxy_option("a,b=:0,unix:/x")->name == "a,b");

  const std::string shape =
      " is not NAME=LISTEN,UPSTREAM, for example redis=127.0.0.1:26379,127.0.0.1:6379";
  const std::pair<const char*, std::string> wrong[] = {
      {"redis", "`redis`" + shape},
      {"=a:1,b:2", "`=a:1,b:2`" + shape},
      {"a=b:1", "`a=b:1`" + shape},
      {"a=:1,", "proxy `a`: upstream is missing"},
      {"a=,b:1", "proxy `a`: listen is missing"},
      {"a=:0,https://db.example/x",
       "proxy `a`: upstream: `https://db.example/x` is a URL; did you mean `db.example:443`?"},
      {"a=:0,http://[::1]:80/",
       "proxy `a`: upstream: `http://[::1]:80/` is a URL; did you mean "
       "`[::1]:80`?"},
      {"a=:0,postgres://u:p@db/x",
       "proxy `a`: upstream: `postgres://u:p@db/x` is a URL; did you mean `db:5432`?"},
      {"a=26379,b:1", "proxy `a`: listen: `26379` is only a port; did you mean `127.0.0.1:26379`?"},
      {"a=:0,db", "proxy `a`: upstream: address db: missing port in address"},
  };
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    const auto parsed = parse_proxy_option(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == expected);
  }
}

TEST_CASE("attributes are checked against the catalogue, before anything is sent",
          "[attribute_option]") {
  const std::string names =
      "latency, jitter, distribution, sigma, shape, max, samples, correlation, way";
  CHECK(toxic_type_named("latencyy").error().message ==
        "no toxic type `latencyy`; did you mean `latency`? attributes: " + names);
  CHECK(toxic_type_named("zzzzzzzz").error().message.find("there are latency, bandwidth") !=
        std::string::npos);
  const ToxicType& latency = **toxic_type_named("latency");
  const auto values = parse_attributes(latency, {"latency=100", "jitter=1e1", "latency=20.0"});
  REQUIRE(values);
  CHECK(*values == WrittenAttributes{{"latency", 20}, {"jitter", 10}});
  CHECK(*parse_attributes(latency, {"latency=1.5s"}) == WrittenAttributes{{"latency", 1500}});

  const std::pair<const char*, std::string> wrong[] = {
      {"latncy=5",
       "`latency` has no attribute `latncy`; did you mean `latency`? attributes: " + names},
      {"rate=5", "`latency` has no attribute `rate`; attributes: " + names},
      {"latency", "`latency` has no value: write latency=NUMBER (ms)"},
      {"latency=1.5", "latency must be a whole number of ms, not `1.5`"},
      {"latency=100us", "latency must be a whole number of ms, not `100us`"},
      {"latency=100MB", "latency must be a whole number of ms, not `100MB`"},
      {"latency=", "latency must be a whole number of ms, not ``"},
      {"latency=-1", "latency must be at least 0, not `-1`"},
      {"latency=1e30", "latency must be a whole number of ms, not `1e30`"},
  };
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    const auto parsed = parse_attributes(latency, {text});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == expected);
  }

  const ToxicType& bandwidth = **toxic_type_named("bandwidth");
  const auto shared = parse_attributes(bandwidth, {"rate=5", "scope=proxy"});
  REQUIRE(shared);
  CHECK(*shared == WrittenAttributes{{"rate", 5}, {"scope", "proxy"}});
  CHECK(parse_attributes(bandwidth, {"scope=prox"}).error().message ==
        "scope must be `connection` or `proxy`, not `prox`; did you mean `proxy`?");
  CHECK(parse_attributes(bandwidth, {"scope=1"}).error().message ==
        "scope must be `connection` or `proxy`, not `1`");
  CHECK(parse_attributes(bandwidth, {"scope"}).error().message ==
        "`scope` has no value: write scope=connection or scope=proxy");

  CHECK(parse_toxicity("0.25").value() == 0.25);
  CHECK(parse_attributes(latency, {"samples"}).error().message ==
        "`samples` has no value: write samples=@FILE");

  for (const char* text : {"", "2", "-0.1", "half", "nan"}) {
    CHECK(parse_toxicity(text).error().message == "toxicity should be a float between 0 and 1.");
  }
}

TEST_CASE("the address of the API may be written in several ways", "[api_client]") {
  const auto where = [](const char* text) {
    const auto url = parse_api_url(text);
    if (!url) return url.error().message;
    return url->where.host + "|" + std::to_string(url->where.port) + "|" + url->path_prefix;
  };
  CHECK(where("http://localhost:8474") == "localhost|8474|");
  CHECK(where("localhost:1/") == "localhost|1|");
  CHECK(where("db") == "db|8474|");
  CHECK(where("http://db") == "db|80|");
  CHECK(where("http://[::1]:9/x/y/") == "::1|9|/x/y");
  CHECK(where("[::1]") == "::1|8474|");
  CHECK(where(":9") == "localhost|9|");
  CHECK(where("unix:/run/x.sock") == "/run/x.sock|0|");
  CHECK(where("https://db:1") == "`https://db:1`: the control API speaks plain http only");
  CHECK(where("a:b:c") == "`a:b:c`: address a:b:c: too many colons in address");
  CHECK(where("a\r\nb") == "`a\r\nb`: bad host name");
}

TEST_CASE("names become one segment of a path", "[api_client]") {
  CHECK(path_segment("redis") == "redis");
  CHECK(path_segment("host:1@x") == "host:1@x");
  CHECK(path_segment("a/b ?#%\xc3\xa9") == "a%2Fb%20%3F%23%25%C3%A9");
  CHECK(path_segment("..") == "%2E%2E");
}

TEST_CASE("what a terminal would obey is shown, and not sent to it", "[console]") {
  CHECK(printable("caf\xc3\xa9 \xe2\x82\xac") == "caf\xc3\xa9 \xe2\x82\xac");
  CHECK(printable("a\x1b[2J\n\x7f") == "a\\x1b[2J\\x0a\\x7f");
  CHECK(printable("\xc2\x9b"
                  "2J") == "\\xc2\\x9b2J");  // U+009B is what ESC [ is.
  CHECK(printable("\xc2\xa0\x9b\xff") == "\xc2\xa0\\x9b\\xff");
}

TEST_CASE("numbers print as Go prints them", "[go_number]") {
  CHECK(go_number(0) == "0");
  CHECK(go_number(100) == "100");
  CHECK(go_number(999999) == "999999");
  CHECK(go_number(1e6) == "1e+06");
  CHECK(go_number(1234567) == "1.234567e+06");
  CHECK(go_number(1e7) == "1e+07");
  CHECK(go_number(0.25) == "0.25");
  CHECK(go_number(1e-5) == "1e-05");
  CHECK(go_number(-5) == "-5");
  CHECK(plain_number(1e7) == "10000000");
  CHECK(plain_number(std::numeric_limits<double>::infinity()) == "inf");
}

}  // namespace faultline
