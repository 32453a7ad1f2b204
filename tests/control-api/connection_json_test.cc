#include "control-api/connection_json.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

const ConnectionView kView = {
    .id = {3, 17},
    .proxy = "redis",
    .client = "127.0.0.1:40000",
    .destination = "redis:6379",
    .upstream = "127.0.0.1:6379",
    .upstream_local = "127.0.0.1:50000",
    .opened = WallTime{} + 1709251199s + 250ms,
    .age = 1500ms + 900us,
    .idle = 20ms,
    .state = ConnectionState::kHalfClosedUpstream,
    .links = {LinkView{.received_bytes = 10, .sent_bytes = 7, .held_bytes = 3},
              LinkView{.received_bytes = 5, .sent_bytes = 1, .waiting_bytes = 4}},
    .toxics = {{.name = "lag",
                .type = "latency",
                .passed_bytes = 6,
                .delayed_bytes = 5,
                .dropped_bytes = 1,
                .held_bytes = 3},
               {.name = "cut",
                .type = "timeout",
                .direction = Direction::kUpstream,
                .verdict = Verdict::kToxicity}}};

TEST_CASE("a connection is shown with what its toxics do to it", "[connection_json]") {
  const Json expected = Json::parse(R"({
    "id": "3-17", "proxy": "redis", "client": "127.0.0.1:40000", "destination": "redis:6379",
    "upstream": {"address": "127.0.0.1:6379", "local": "127.0.0.1:50000"},
    "state": "half-closed-upstream", "opened": "2024-02-29T23:59:59.250Z",
    "age": "1.5s", "idle": "20ms",
    "upstream_bytes": {"received": 10, "sent": 7, "held": 3, "waiting": 0},
    "downstream_bytes": {"received": 5, "sent": 1, "held": 0, "waiting": 4},
    "toxics": [
      {"name": "lag", "type": "latency", "stream": "downstream", "in_force": true,
       "bytes": {"passed": 6, "delayed": 5, "dropped": 1, "held": 3}},
      {"name": "cut", "type": "timeout", "stream": "upstream", "in_force": false,
       "why_not": "toxicity", "bytes": {"passed": 0, "delayed": 0, "dropped": 0, "held": 0}}
    ]})");
  CHECK(to_json(kView).dump() == expected.dump());  // The order of the fields too.
}

TEST_CASE("a connection without an upstream or toxics says so", "[connection_json]") {
  ConnectionView view = kView;
  view.upstream = view.upstream_local = view.destination = "";
  view.client_name = "alice";
  view.toxics.clear();
  const Json json = to_json(view);
  CHECK(json["upstream"].is_null());
  CHECK(json["destination"].is_null());
  CHECK(json["client_name"] == "alice");
  CHECK(json["toxics"] == Json::array());
}

TEST_CASE("a page says where the next one begins, if there is one", "[connection_json]") {
  CHECK(to_json(ConnectionPage{}).dump() == R"({"connections":[],"next":null})");
  const Json page = to_json(ConnectionPage{.connections = {kView}, .next = ConnectionId{3, 17}});
  CHECK(page["connections"][0] == to_json(kView));
  CHECK(page["next"] == "3-17");
}

TEST_CASE("an ended connection is shown with who has ended it, and how", "[connection_json]") {
  const TimePoint now = std::chrono::steady_clock::now();
  EndedConnection connection{.id = {1, 2},
                             .proxy = "web",
                             .opened = now - 61s,
                             .ended = now - 1s,
                             .by = EndedBy::kToxic,
                             .was_reset = true,
                             .received_bytes = {1, 2},
                             .sent_bytes = {3, 4},
                             .toxics = {"cut"}};
  Json json = to_json(connection);
  CHECK(json["lasted"] == "1m");
  CHECK(json["ended_by"] == "toxic");
  CHECK(json["with"] == "rst");
  CHECK(json["opened"] < json["ended"]);
  CHECK(json["upstream_bytes"].dump() == R"({"received":1,"sent":3})");
  CHECK(json["downstream_bytes"].dump() == R"({"received":2,"sent":4})");
  CHECK(json["toxics"].dump() == R"(["cut"])");
  CHECK_FALSE(json.contains("more_toxics"));
  connection.was_reset = false;
  connection.more_toxics = 4;
  json = to_json(connection);
  CHECK(json["with"] == "fin");
  CHECK(json["more_toxics"] == 4);
  CHECK(to_json(ClientHistory{.live = {}, .ended = {connection}})["ended"].size() == 1);
}

TEST_CASE("what lingers is named by its kind", "[connection_json]") {
  using Kind = Lingering::Kind;
  CHECK(to_json(Lingering{.kind = Kind::kToxic, .proxy = "a", .toxic = "lag"}).dump() ==
        R"({"kind":"toxic","proxy":"a","toxic":"lag"})");
  CHECK(to_json(Lingering{.kind = Kind::kHeldBytes, .proxy = "a", .count = 512}).dump() ==
        R"({"kind":"held-bytes","proxy":"a","count":512})");
  CHECK(to_json(Lingering{.kind = Kind::kClosingSocket, .count = 2}).dump() ==
        R"({"kind":"closing-socket","count":2})");
}

}  // namespace
}  // namespace faultline
