// The client commands, run in this process against a server in this process.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/cli/client.h"
#include "toxics/catalog.h"

namespace faultline {
using test::Client;
using test::Outcome;
using test::run;
using test::RunningServer;

namespace {

/// `text` with the ports the kernel chose replaced.
std::string without_ports(const std::string& text) {
  return std::regex_replace(text, std::regex(R"(127\.0\.0\.1:\d{4,5})"), "127.0.0.1:PORT");
}

}  // namespace

TEST_CASE("a proxy's life, in Toxiproxy's words", "[commands]") {
  const RunningServer server;
  const Client client(server);
  CHECK(client.says("list").empty());
  CHECK(client.says("create redis -l 127.0.0.1:0 -u a.example:1") == "Created new proxy redis\n");
  CHECK(client.says("new -u unix:/x -l localhost:0 b") == "Created new proxy b\n");
  CHECK(without_ports(client.says("ls")) ==
        "b\t127.0.0.1:PORT\tunix:/x\tenabled\t0\n"
        "redis\t127.0.0.1:PORT\ta.example:1\tenabled\t0\n");
  CHECK(client.says("disable redis") == "Proxy redis is now disabled\n");
  CHECK(client.says("enable redis") == "Proxy redis is now enabled\n");
  CHECK(client.says("toggle redis") == "Proxy redis is now disabled\n");
  CHECK(client.says("tog redis") == "Proxy redis is now enabled\n");
  CHECK(client.says("disable b") == "Proxy b is now disabled\n");
  CHECK(client.says("reset") == "All proxies are enabled and all toxics removed\n");
  CHECK(client.says("list").find("disabled") == std::string::npos);
  CHECK(client.says("delete b") == "Deleted proxy b\n");

  CHECK(client.fails("create redis -l 127.0.0.1:0 -u a:1") ==
        "1: Failed to create proxy: HTTP 409: proxy already exists\n");
  CHECK(client.fails("inspect rdis") ==
        "1: Failed to retrieve proxy rdis: HTTP 404: proxy not found; did you mean `redis`?\n");
  CHECK(client.fails("delete zzz") == "1: Failed to delete proxy zzz: HTTP 404: proxy not found\n");
}

TEST_CASE("a toxic's life, in Toxiproxy's words", "[commands]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  CHECK(client.says("toxic add redis -t latency -a latency=10000000 -a jitter=10") ==
        "Added downstream latency toxic 'latency_downstream' on proxy 'redis'\n");
  CHECK(client.says("-u -n slow t a -t bandwidth --tox 0.25 redis -a rate=7") ==
        "Added upstream bandwidth toxic 'slow' on proxy 'redis'\n");
  CHECK(client.says("inspect redis") ==
        "slow\ttype=bandwidth\tstream=upstream\ttoxicity=0.25\tattributes=[\trate=7\t]\n"
        "latency_downstream\ttype=latency\tstream=downstream\ttoxicity=1.00\t"
        "attributes=[\tjitter=10\tlatency=1e+07\t]\n");
  // Toxiproxy's own CLI would set the toxicity back to 1.
  CHECK(client.says("toxic update -n slow -a rate=8 redis") ==
        "Updated toxic 'slow' on proxy 'redis'\n");
  CHECK(client.says("i redis").find("toxicity=0.25\tattributes=[\trate=8\t]") != std::string::npos);
  client.says("toxic update -n slow --toxicity 0.5 redis");
  CHECK(client.says("i redis").find("toxicity=0.50\tattributes=[\trate=8\t]") != std::string::npos);
  CHECK(client("t d redis -n slow").out == "Removed toxic 'slow' on proxy 'redis'\n");

  CHECK(client.fails("toxic add -t latency redis") ==
        "1: Failed to add toxic: HTTP 409: toxic already exists\n");
  CHECK(client.fails("toxic add -t latency rediss") ==
        "1: Failed to add toxic: HTTP 404: proxy not found; did you mean `redis`?\n");
  CHECK(client.fails("toxic remove -n latency_dowstream redis") ==
        "1: Failed to remove toxic: HTTP 404: toxic not found; did you mean "
        "`latency_downstream`?\n");
  CHECK(client.fails("toxic update -n latency_downstream -a rate=1 redis") ==
        "2: faultline: `latency` has no attribute `rate`; attributes: latency, jitter, "
        "distribution, sigma, shape, max, "
        "samples, correlation, way\n");
  CHECK(client.fails("toxic update -n latency_downstream redis") ==
        "2: faultline: nothing to update: give -a NAME=VALUE or --toxicity\n");
  CHECK(client.fails("toxic add -t latency -u -d redis") ==
        "2: faultline: Only one should be specified: upstream or downstream.\n");
  CHECK(client.fails("toxic add -t noop --tox 2 redis") ==
        "2: faultline: toxicity should be a float between 0 and 1.\n");
}

TEST_CASE("a toxic of whole connections takes no stream, and names none", "[commands]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  CHECK(client.says("toxic add -t stall redis") ==
        "Added stall toxic 'stall_downstream' on proxy 'redis'\n");
  CHECK(client.says("toxic add -t connect_delay redis") ==
        "Added connect_delay toxic 'connect_delay_downstream' on proxy 'redis'\n");
  for (const char* stream : {"--upstream", "-d"}) {
    CHECK(client.fails("toxic add -t blackhole redis " + std::string(stream)) ==
          "2: faultline: `blackhole` is for the whole connection: leave --upstream and "
          "--downstream out; -a side=... says whose side fails\n");
    CHECK(client.fails("toxic add -t path redis " + std::string(stream)) ==
          "2: faultline: `path` is for the whole connection: leave --upstream and --downstream "
          "out\n");
  }
  client.says("toxic add -t half_close -u redis");
  const std::string shown = client("inspect redis", true).out;
  CHECK(shown.find("Downstream toxics:\x1b[0m\n\x1b[2m  none") != std::string::npos);
  CHECK(shown.find("Toxics of the whole connection:\x1b[0m\n  \x1b[33mstall_downstream") !=
        std::string::npos);
}

TEST_CASE("a reset is for both streams, and counts the bytes of one", "[commands]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  CHECK(client.fails("toxic add -t reset -u redis") ==
        "2: faultline: `reset` is for the whole connection: leave --upstream and --downstream "
        "out; with --after or --until they say whose bytes count\n");
  client.says("toxic add -t reset -u --after 64KiB redis");
  CHECK(client.says("inspect redis").find("reset_upstream") != std::string::npos);
}

TEST_CASE("which types work on the stream they are given", "[commands]") {
  std::set<std::string> whole;
  for (const ToxicType& type : toxic_catalog()) {
    if (type.usual_links() != Links::kOwn) whole.insert(type.name);
  }
  CHECK(whole == std::set<std::string>{"accept_backlog_full", "blackhole", "close", "connect_delay",
                                       "limit_time", "mtu_blackhole", "path", "refuse", "reset",
                                       "stall", "upstream_down", "zero_window"});
}

TEST_CASE("the doctor looks at this machine and takes no host", "[commands]") {
  CHECK(run("doctor -o json").status == 0);
  CHECK(run("doctor -h 127.0.0.1:1").err.find("unknown option `-h`") != std::string::npos);
}

TEST_CASE("the scope of a bandwidth can be set, seen and changed", "[commands]") {
  const RunningServer server;
  const Client client(server);
  client.says("create redis -l 127.0.0.1:0 -u a:1");
  client.says("toxic add -t bandwidth -a rate=7 -a scope=proxy redis");
  CHECK(client.says("inspect redis").find("attributes=[\trate=7\tscope=proxy\t]") !=
        std::string::npos);
  CHECK(client("inspect redis", true).out.find("rate=7  scope=proxy\n") != std::string::npos);
  client.says("toxic update -n bandwidth_downstream -a scope=connection redis");
  CHECK(client.says("inspect redis").find("attributes=[\trate=7\t]") != std::string::npos);
  CHECK(client.fails("toxic update -n bandwidth_downstream -a scope=conection redis") ==
        "2: faultline: scope must be `connection` or `proxy`, not `conection`; did you mean "
        "`connection`?\n");
}

TEST_CASE("-o json prints what the server says", "[commands]") {
  const RunningServer server;
  const Client client(server);
  using nlohmann::json;
  CHECK(json::parse(client.says("-o json create a -l 127.0.0.1:0 -u b:1"))["name"] == "a");
  CHECK(json::parse(client.says("toxic add -t latency a -o json"))["name"] == "latency_downstream");
  CHECK(json::parse(client.says("list -o json"))["a"]["toxics"].size() == 1);
  CHECK(json::parse(client.says("inspect a -o json"))["upstream"] == "b:1");
  CHECK(json::parse(client.says("disable a -o json"))["enabled"] == false);
  CHECK(client.says("delete a -o json").empty());
  const json version = json::parse(client.says("version -o json"));
  CHECK(version["client"] == FAULTLINE_VERSION);
  CHECK(version["server"] == "faultline " FAULTLINE_VERSION " (API of Toxiproxy 2.12.0)");
  const json types = json::parse(client.says("toxic types -o json"));
  CHECK(types[0]["type"] == "latency");
  CHECK(types[0]["attributes"][0]["unit"] == "ms");
  CHECK_FALSE(types[0]["attributes"][0].contains("choices"));
  CHECK(types[1]["attributes"][1]["default"] == "connection");
  CHECK(types[1]["attributes"][1]["choices"] == json::array({"connection", "proxy"}));
}

TEST_CASE("a terminal gets a table, in colour", "[commands]") {
  const RunningServer server;
  const Client client(server);
  CHECK(client("list", true).out.find("no proxies") == 0);
  client.says("create a -l 127.0.0.1:0 -u b:1");
  client.says("toxic add -t latency -a latency=10000000 a");
  const std::string list = client("list", true).out;
  CHECK(list.find("Name  Listen") != std::string::npos);
  CHECK(list.find("\x1b[32ma   \x1b[0m") != std::string::npos);
  const std::string inspect = client("inspect a", true).out;
  CHECK(inspect.find("Upstream toxics:\x1b[0m\n\x1b[2m  none") != std::string::npos);
  CHECK(inspect.find("latency=10000000") != std::string::npos);
}

TEST_CASE("no server, a wrong command line: each has its exit code and its line", "[commands]") {
  const std::pair<const char*, std::string> usage[] = {
      {"lst", "faultline: unknown command `lst`; did you mean `list`?\n"},
      {"create a -l b:1",
       "faultline create: --upstream is required (see `faultline create "
       "--help`)\n"},
      {"create -l b:1 -u c:2",
       "faultline create: NAME is required (see `faultline create "
       "--help`)\n"},
      {"create a -l b:1 -u https://c",
       "faultline: --upstream: `https://c` is a URL; did you mean "
       "`c:443`?\n"},
      {"list -o yaml",
       "faultline list: --output: `yaml` is neither table nor json (see "
       "`faultline list --help`)\n"},
      {"list -h https://x",
       "faultline: --host: `https://x`: the control API speaks plain http "
       "only\n"},
      {"toxic add -t latencyy a",
       "faultline: no toxic type `latencyy`; did you mean `latency`? "
       "attributes: latency, jitter, distribution, sigma, shape, max, "
       "samples, correlation, way\n"},
      {"serve --proxy a",
       "faultline serve: --proxy: `a` is not NAME=LISTEN,UPSTREAM, for example "
       "redis=127.0.0.1:26379,127.0.0.1:6379\n"},
      {"serve --workers -1",
       "faultline serve: --workers: `-1` is not a whole number from 0 to "
       "1024\n"},
      {"serve --drain-timeout 5",
       "faultline serve: --drain-timeout: `5` is no duration: write "
       "500ms, 5s, 2m or 1h30m\n"},
      {"serve --max-ttl 1h --default-ttl 2h",
       "faultline serve: --default-ttl: 2h is more than --max-ttl, 1h\n"},
      {"serve --max-ttl 0s", "faultline serve: --max-ttl: `0s` is less than 1ms\n"},
      {"serve --no-ttl maybe", "faultline serve: --no-ttl: `maybe` is neither allow nor refuse\n"},
      {"serve --config /nonexistent", ""},  // Its line goes to the process's stderr.
      {"completion tcsh",
       "faultline completion: SHELL: `tcsh` is neither bash, zsh nor fish (see "
       "`faultline completion --help`)\n"},
  };
  for (const auto& [line, expected] : usage) {
    INFO(line);
    const Outcome outcome = run(line);
    CHECK(outcome.status == 2);
    CHECK(outcome.err == expected);
    CHECK(outcome.out.empty());
  }
  const Outcome unreachable = run("list -h 127.0.0.1:1");
  CHECK(unreachable.status == 3);
  CHECK(unreachable.err ==
        "Failed to retrieve proxies: cannot reach Faultline at 127.0.0.1:1: Connection refused; "
        "`faultline serve` starts one, --host names another\n");
  CHECK(run("version -h 127.0.0.1:1").status == 0);
}

TEST_CASE("the address comes from the flag, else from the environment", "[commands]") {
  const RunningServer server;
  setenv("TOXIPROXY_URL", ("http://" + server.api_address()).c_str(), 1);
  CHECK(run("list").status == 0);
  setenv("FAULTLINE_URL", "127.0.0.1:1", 1);
  CHECK(run("list").status == 3);
  CHECK(run("list --host " + server.api_address()).status == 0);
  unsetenv("FAULTLINE_URL");
  unsetenv("TOXIPROXY_URL");
}

TEST_CASE("every command has a help text with an example", "[commands]") {
  for (const char* command :
       {"serve",        "demo",          "list",           "inspect",      "create",
        "delete",       "enable",        "disable",        "toggle",       "reset",
        "version",      "completion",    "toxic add",      "toxic update", "toxic remove",
        "toxic types",  "doctor",        "profile list",   "exec",         "explain",
        "profile show", "profile apply", "profile remove", "top",          "stats"}) {
    INFO(command);
    const Outcome outcome = run(std::string(command) + " --help");
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find("Usage: faultline " + std::string(command)) != std::string::npos);
    CHECK(outcome.out.find("Examples:\n  ") != std::string::npos);
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("completion knows every command, option and toxic type", "[commands]") {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    INFO(shell);
    const std::string script = run("completion " + shell).out;
    for (const char* word :
         {"serve",          "demo",      "list",    "inspect",    "create",   "delete",
          "enable",         "disable",   "toggle",  "reset",      "version",  "completion",
          "toxic",          "add",       "update",  "remove",     "types",    "drain-timeout",
          "upstream",       "toxicName", "latency", "limit_data", "doctor",   "profile",
          "apply",          "show",      "pulse",   "ramp",       "gc-pause", "exec",
          "explain",        "log-level", "max-ttl", "watch",      "dry-run",  "jitter",
          "size-variation", "top"}) {
      INFO(word);
      CHECK(script.find(word) != std::string::npos);
    }
  }
}

TEST_CASE("toxic types explains every toxic", "[commands]") {
  const std::string text = run("toxic types").out;
  CHECK(text.find("latency: Delays everything") == 0);
  CHECK(std::regex_search(text, std::regex("\n  latency +ms +default 0  ")));
  CHECK(text.find("  default connection  `connection` or `proxy`: each") != std::string::npos);
  CHECK(text.find("\nnoop: Changes nothing.\n") != std::string::npos);
}

}  // namespace faultline
