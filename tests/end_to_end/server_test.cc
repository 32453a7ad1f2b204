// The server as a process: its metrics, files, signals and flags.

#include "tests/support/server.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

std::string sample(const std::string& name, const std::string& direction) {
  return "faultline_" + name + R"(_bytes_total{proxy="p",direction=")" + direction + R"("})";
}

}  // namespace

TEST_CASE("B26 F14: bytes and connections are counted while the connection is open", "[server]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const std::string toxiproxys = R"({direction="downstream",listener=")" + listen +
                                 R"(",proxy="p",upstream=")" + upstream.address() + R"("})";
  {
    const Socket client = Socket::connect(listen);
    const std::string bytes = noise(1'000'000);
    std::jthread sender([&] { client.send(bytes); });
    CHECK((client.receive(bytes.size()) == bytes));
    sender.join();
    CHECK(eventually([&] { return world.metric(sample("sent", "downstream")) == 1e6; },
                     milliseconds(1000)));
    CHECK(world.metric(sample("received", "upstream")) == 1e6);
    CHECK(world.metric(sample("sent", "upstream")) == 1e6);
    CHECK(world.metric(sample("received", "downstream")) == 1e6);
    CHECK(world.metric(R"(faultline_connections_active{proxy="p"})") == 1);
    CHECK(world.metric(R"(faultline_connections_total{proxy="p"})") == 1);
    CHECK(world.metric("toxiproxy_proxy_sent_bytes_total" + toxiproxys) == 1e6);
    CHECK(world.metric("toxiproxy_proxy_received_bytes_total" + toxiproxys) == 1e6);
  }
  CHECK(
      eventually([&] { return world.metric(R"(faultline_connections_active{proxy="p"})") == 0; }));
  CHECK(world.metric(sample("sent", "downstream")) == 1e6);

  REQUIRE(world.api.remove("/proxies/p").status == 204);
  CHECK(world.metric("toxiproxy_proxy_sent_bytes_total" + toxiproxys) == -1);
}

TEST_CASE("B26: the count is right after an error, too", "[server]") {
  World world;
  const Server upstream(say_and_reset(std::string(500, 'x')));
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket client = Socket::connect(listen);
  client.receive(500);
  client.send("?");
  client.receive_all();
  CHECK(world.metric(sample("sent", "downstream")) == 500);
  CHECK(world.metric(sample("sent", "upstream")) == 1);
}

TEST_CASE("a toxic counts the connections it touched and the delay it gave", "[server]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"type":"latency","name":"lag","attributes":{"latency":20}})");
  for (int i = 0; i < 3; ++i) round_trip(Socket::connect(listen), "x");
  const std::string labels = R"({proxy="p",toxic="lag",type="latency",direction="downstream"})";
  CHECK(world.metric("faultline_toxic_connections_total" + labels) == 3);
  CHECK(world.metric("faultline_toxic_injected_delay_seconds_count" + labels) == 3);
  CHECK(world.metric("faultline_toxic_injected_delay_seconds_sum" + labels) >= 0.06);
}

TEST_CASE("/metrics is Prometheus text", "[server]") {
  World world;
  const Reply reply = world.api.get("/metrics");
  CHECK(reply.status == 200);
  CHECK(reply.header("Content-Type").rfind("text/plain; version=0.0.4", 0) == 0);
  CHECK(reply.body.find("# TYPE faultline_build_info gauge") != std::string::npos);
  CHECK(world.metric("process_resident_memory_bytes") > 0);
}

TEST_CASE("B7: the toxics of a configuration file are in force from the first byte", "[server]") {
  const Server upstream(echo());
  const TempDir dir;
  const std::string yaml =
      "version: 1\nproxies:\n  - name: p\n    listen: 127.0.0.1:0\n    upstream: " +
      upstream.address() +
      "\n    toxics:\n      - { type: latency, attributes: { latency: 100 } }\n";
  const std::string json = R"([{"name":"p","listen":"127.0.0.1:0","upstream":")" +
                           upstream.address() +
                           R"(","toxics":[{"type":"latency","attributes":{"latency":100}}]}])";
  for (const std::string& text : {yaml, json}) {
    INFO(text);
    World world({.arguments = {"--config", dir.write("config", text)}});
    const Json proxy = Json::parse(world.api.get("/proxies/p").body);
    const Socket client = Socket::connect(proxy["listen"]);
    CHECK(time_of([&] { round_trip(client, "x"); }) >= milliseconds(99));
  }
}

TEST_CASE("B7 F15: a bad configuration ends the start with one line and status 2", "[server]") {
  const TempDir dir;
  const Socket taken = Socket::listen("127.0.0.1:0");
  const std::string start = "version: 1\nproxies:\n  - name: p\n    upstream: 127.0.0.1:9\n";
  const std::string listen = "    listen: 127.0.0.1:0\n";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {start + "    lissten: 127.0.0.1:0\n", ":5:5: "},
      {start + "    lissten: 127.0.0.1:0\n", "did you mean `listen`"},
      {start + listen + "    toxics: [{ type: latencyy }]\n", "did you mean `latency`"},
      {start + listen + "    toxics: [{ type: latency, attributes: { latencyy: 1 } }]\n",
       "did you mean `latency`"},
      {start + listen + "    toxics: [{ type: latency, toxicity: 2 }]\n", "toxicity"},
      {start + "    listen: nonsense\n", "nonsense"},
      {start + "    listen: " + taken.local_address() + "\n", "address already in use"},
      {"version: 1\nproxies: [\n", ":"},
      {"version: 7\n", "version"},
      {"", "version"},
  };
  for (const auto& [text, part] : rows) {
    const Outcome outcome =
        run(FAULTLINE_BINARY, {.arguments = {"serve", "--listen", "127.0.0.1:0", "--config",
                                             dir.write("config.yaml", text)}});
    INFO(text << " -> " << outcome.err);
    REQUIRE(outcome.status == 2);
    REQUIRE(outcome.err.find(part) != std::string::npos);
    REQUIRE(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  }
  const Outcome missing =
      run(FAULTLINE_BINARY, {.arguments = {"serve", "--config", dir.file("nothing")}});
  CHECK(missing.status == 2);
  const Outcome busy =
      run(FAULTLINE_BINARY, {.arguments = {"serve", "--listen", taken.local_address()}});
  CHECK(busy.status == 2);
  CHECK(busy.err.find("address already in use") != std::string::npos);
}

TEST_CASE("SIGHUP changes what changed in the file, and nothing else", "[server]") {
  const Server upstream(echo());
  const TempDir dir;
  const auto proxy = [&](const std::string& name, const std::string& more = "") {
    return "  - name: " + name + "\n    listen: 127.0.0.1:0\n    upstream: " + upstream.address() +
           "\n" + more;
  };
  const std::string head = "version: 1\nproxies:\n";
  const std::string path = dir.write("config", head + proxy("same") + proxy("gone"));
  World world({.arguments = {"--config", path}});
  const auto listen_of = [&](const std::string& name) {
    return Json::parse(world.api.get("/proxies/" + name).body)["listen"].get<std::string>();
  };
  const Socket same = Socket::connect(listen_of("same"));
  CHECK(round_trip(same, "1") == "1");
  const Socket gone = Socket::connect(listen_of("gone"));
  CHECK(round_trip(gone, "1") == "1");

  dir.write("config", head +
                          proxy("same",
                                "    toxics: [{ type: latency, attributes: "
                                "{ latency: 100 } }]\n") +
                          proxy("new"));
  world.server.signal(SIGHUP);
  CHECK(eventually([&] { return world.api.get("/proxies/new").status == 200; }));
  CHECK(world.api.get("/proxies/gone").status == 404);
  CHECK(gone.receive_all().ending != Ending::kOpen);
  CHECK(time_of([&] { round_trip(same, "2"); }) >= milliseconds(99));

  const std::string before = world.api.get("/proxies").body;
  dir.write("config", head + proxy("other") + "    nonsense: 1\n");
  world.server.signal(SIGHUP);
  CHECK(eventually([&] { return world.server.log().find("nonsense") != std::string::npos; }));
  CHECK(world.api.get("/proxies").body == before);
  CHECK(round_trip(same, "3") == "3");
}

TEST_CASE("SIGTERM lets what is under way finish, and ends with 0", "[server]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"type":"latency","attributes":{"latency":60000}})");
  const Socket client = Socket::connect(listen);
  client.send("on its way");
  pause_for(milliseconds(50));
  world.server.signal(SIGTERM);
  CHECK(client.receive(10, bound(milliseconds(1000))) == "on its way");
  CHECK(eventually([&] { return Socket::try_connect(listen).second == ECONNREFUSED; },
                   bound(milliseconds(200))));
  CHECK(world.server.wait() == 0);
}

TEST_CASE("a proxy can be given on the command line", "[server]") {
  const Server upstream(echo());
  const std::string address = Socket::listen("127.0.0.1:0").local_address();
  World world({.arguments = {"--proxy", "quick=" + address + "," + upstream.address()}});
  CHECK(round_trip(Socket::connect(address), "x") == "x");
  CHECK(world.api.get("/proxies/quick").status == 200);
}

TEST_CASE("called as toxiproxy-server it takes Toxiproxy's flags", "[server]") {
  const auto call = [](const std::vector<std::string>& arguments) {
    return run(FAULTLINE_BINARY, {.arguments = arguments, .name = "/usr/bin/toxiproxy-server"});
  };
  const Outcome version = call({"-version"});
  CHECK(version.status == 0);
  CHECK(version.out == "toxiproxy-server version 2.12.0\n");
  CHECK(call({"-help"}).status == 0);
  const Outcome unknown = call({"-nonsense"});
  CHECK(unknown.status == 2);
  CHECK_FALSE(unknown.err.empty());

  const Server upstream(echo());
  const TempDir dir;
  const std::string config =
      dir.write("config.json", R"([{"name":"p","listen":"127.0.0.1:0","upstream":")" +
                                   upstream.address() + R"("}])");
  const std::string address = Socket::listen("127.0.0.1:0").local_address();
  Process process(FAULTLINE_BINARY,
                  {.arguments = {"-host=127.0.0.1", "-port", port_of(address), "--config=" + config,
                                 "-seed", "5", "-proxy-metrics"},
                   .name = "toxiproxy-server"});
  REQUIRE(eventually([&] { return Socket::try_connect(address).second == 0; }));
  Api api(address);
  CHECK(api.get("/version").status == 200);
  const Json proxy = Json::parse(api.get("/proxies/p").body);
  CHECK(round_trip(Socket::connect(proxy["listen"]), "x") == "x");
  CHECK(api.get("/metrics").body.find("toxiproxy_proxy_sent_bytes_total") != std::string::npos);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK_FALSE(has_sanitizer_report(process.standard_error()));
}

TEST_CASE("Toxiproxy's metrics exist only with its flags", "[server]") {
  const std::string address = Socket::listen("127.0.0.1:0").local_address();
  Process process(FAULTLINE_BINARY,
                  {.arguments = {"-port=" + port_of(address)}, .name = "toxiproxy-server"});
  REQUIRE(eventually([&] { return Socket::try_connect(address).second == 0; }));
  const Reply reply = Api(address).get("/metrics");
  CHECK(reply.status == 404);
  CHECK(reply.body == "404 page not found\n");
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("F16: the CLI's toxic update keeps the toxicity, and wrong usage is an error",
          "[server]") {
  World world;
  world.add_proxy("p", "u:1", R"({"type":"latency","name":"t","toxicity":0.25})");
  const auto cli = [&](std::vector<std::string> arguments) {
    return run(FAULTLINE_BINARY,
               {.arguments = std::move(arguments),
                .environment = {{"TOXIPROXY_URL", "http://" + world.server.address()}}});
  };
  const Outcome update = cli({"toxic", "update", "-n", "t", "-a", "latency=10", "p"});
  INFO(update.err);
  CHECK(update.status == 0);
  const Json toxic = Json::parse(world.api.get("/proxies/p/toxics/t").body);
  CHECK(toxic["toxicity"] == 0.25);
  CHECK(toxic["attributes"]["latency"] == 10);
  CHECK(cli({"toxic", "update", "--nonsense", "p"}).status == 2);
  CHECK(cli({"nonsense"}).status == 2);
}

TEST_CASE("a clean run logs no warning, and nothing per connection", "[server]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const std::string before = world.server.log();
  for (int i = 0; i < 20; ++i) {
    const Socket client = Socket::connect(listen);
    round_trip(client, "x");
    client.shut_down_write();
    client.receive_all();
  }
  pause_for(milliseconds(50));
  CHECK(world.server.log() == before);
}

}  // namespace faultline::test
