#include "cli/go_flags.h"

#include <catch2/catch.hpp>

#include "cli/toxiproxy_server.h"

namespace faultline {

namespace {

struct Parsed {
  std::string host = "localhost";
  std::string port = "8474";
  bool metrics = false;
  std::string error;
};

Parsed parse(const std::vector<std::string>& arguments) {
  Parsed values;
  const auto result = parse_go_flags(
      arguments,
      {{"host", &values.host, ""}, {"port", &values.port, ""}, {"metrics", &values.metrics, ""}});
  if (!result) values.error = result.error().message;
  return values;
}

}  // namespace

TEST_CASE("Go's flags are read in all their spellings", "[go_flags]") {
  CHECK(parse({"-host", "a"}).host == "a");
  CHECK(parse({"-host=a"}).host == "a");
  CHECK(parse({"--host=a=b"}).host == "a=b");
  CHECK(parse({"--host", "a"}).host == "a");
  CHECK(parse({"-host="}).host.empty());
  CHECK(parse({"-host", "-port"}).host == "-port");
  CHECK(parse({"-metrics"}).metrics);
  CHECK(parse({"-metrics=t"}).metrics);
  CHECK_FALSE(parse({"-metrics=0"}).metrics);
  const Parsed two = parse({"-metrics", "-port", "1"});
  CHECK(two.metrics);
  CHECK(two.port == "1");
}

TEST_CASE("the first argument that is no flag ends Go's flags", "[go_flags]") {
  CHECK(parse({"x", "-host", "a"}).host == "localhost");
  CHECK(parse({"--", "-host", "a"}).host == "localhost");
  CHECK(parse({"-", "-host", "a"}).host == "localhost");
  CHECK(parse({"-metrics", "false", "-host", "a"}).host == "localhost");
}

TEST_CASE("wrong flags are named in Go's words", "[go_flags]") {
  CHECK(parse({"-hots", "a"}).error == "flag provided but not defined: -hots");
  CHECK(parse({"-host"}).error == "flag needs an argument: -host");
  CHECK(parse({"-metrics=maybe"}).error == "invalid boolean value \"maybe\" for -metrics");
  CHECK(parse({"---host"}).error == "bad flag syntax: ---host");
  CHECK(parse({"-=a"}).error == "bad flag syntax: -=a");
  CHECK(parse({"-h"}).error == "help requested");
  CHECK(parse({"--help"}).error == "help requested");
}

TEST_CASE("Toxiproxy's flags become the options of a server", "[go_flags]") {
  const auto listen = [](const std::string& host, const std::string& port) {
    ToxiproxyFlags flags;
    flags.host = host;
    flags.port = port;
    return serve_options_from(flags)->listen.value_or("(none)");
  };
  CHECK(listen("localhost", "8474") == "localhost:8474");
  CHECK(listen("", "0") == ":0");
  CHECK(listen("::1", "1") == "[::1]:1");
  CHECK(listen("[::1]", "1") == "[::1]:1");

  ToxiproxyFlags flags;
  CHECK_FALSE(serve_options_from(flags)->metrics.any());
  flags.proxy_metrics = true;
  CHECK(serve_options_from(flags)->metrics.toxiproxy);
  flags.seed = "-5";
  CHECK(serve_options_from(flags)->seed == static_cast<std::uint64_t>(-5));
  flags.seed = "x";
  CHECK(serve_options_from(flags).error().message == "invalid value \"x\" for flag -seed");
}

}  // namespace faultline
