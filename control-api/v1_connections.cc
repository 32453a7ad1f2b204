// The operations of /v1 on live connections, and on what is left of faults.

#include <charconv>
#include <ctime>
#include <optional>

#include "base/quantities.h"
#include "control-api/connection_json.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/connections.h"
#include "proxy/lingering.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kUsualPage = 100;

/// An error of what stands in the query.
Fail wrong_parameter(const std::string& name, const std::string& message) {
  return fail(ErrorKind::kMalformed, name + ": " + message);
}

/// Reads the parameter `name` into `target`, if it is there.
template <class Parse, class Target>
Result<void> read_parameter(const V1Call& call, const std::string& name, Parse parse,
                            Target& target) {
  const auto found = call.query.find(name);
  if (found == call.query.end()) return {};
  auto value = parse(found->second);
  if (!value) return wrong_parameter(name, value.error().message);
  target = *std::move(value);
  return {};
}

Result<std::string> any_text(const std::string& text) {
  return text;
}

Result<std::size_t> parse_limit(const std::string& text) {
  std::size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, limit);
  const bool fits = limit >= 1 && limit <= Connections::kMostPerPage;
  if (parsed.ec == std::errc() && parsed.ptr == end && fits) return limit;
  return fail(ErrorKind::kInvalid, "it must be from 1 to 1000, not `" + text + "`");
}

Result<ConnectionFilter> filter_of(const V1Call& call) {
  ConnectionFilter filter;
  for (const Result<void>& read : {
           read_parameter(call, "proxy", any_text, filter.proxy),
           read_parameter(call, "client", ClientPattern::parse, filter.client),
           read_parameter(call, "toxic", any_text, filter.toxic),
           read_parameter(call, "state", parse_connection_state, filter.state),
           read_parameter(call, "min_age", parse_duration, filter.min_age),
           read_parameter(call, "min_idle", parse_duration, filter.min_idle),
       }) {
    if (!read) return Fail(read.error());
  }
  return filter;
}

/// The id in the path. One that is no id is of no connection.
Result<ConnectionId> id_of(const V1Call& call) {
  const auto id = parse_connection_id(call.captured.at(0));
  if (id) return id;
  return fail(ErrorKind::kNotFound,
              "there is no connection `" + call.captured.at(0) + "`: " + id.error().message);
}

Fail no_connection(const V1Call& call) {
  return fail(ErrorKind::kNotFound, "there is no connection `" + call.captured.at(0) +
                                        "`: it may have ended; /v1/why tells how, by its client");
}

/// "2026-11-28T09:30:00Z", with or without a fraction.
Result<WallTime> parse_wall_time(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest != nullptr && *rest == '.') {
    do {
      ++rest;
    } while (*rest >= '0' && *rest <= '9');
  }
  constexpr int kFirstYear = 1970 - 1900;
  constexpr int kLastYear = 2200 - 1900;
  const bool is_near = utc.tm_year >= kFirstYear && utc.tm_year <= kLastYear;
  if (rest == nullptr || std::string_view(rest) != "Z" || !is_near) {
    return fail(ErrorKind::kInvalid,
                "it must be a time like 2026-11-28T09:30:00Z, not `" + text + "`");
  }
  const int day = utc.tm_mday;
  utc.tm_sec = std::min(utc.tm_sec, 59);  // The clocks of machines have no leap seconds.
  const std::time_t time = timegm(&utc);  // Makes 3 March of 31 February.
  if (utc.tm_mday != day) {
    return fail(ErrorKind::kInvalid, "there is no such day as that of `" + text + "`");
  }
  return std::chrono::system_clock::from_time_t(time);
}

Result<CompactAddress> parse_client(const std::string& text) {
  const auto where = parse_host_port(text);
  const auto addresses = where ? addresses_of(*where, {}) : Fail(where.error());
  const bool is_one = addresses && !where->is_unix && !where->host.empty() && where->port != 0;
  if (is_one) return CompactAddress(addresses->front());
  return fail(ErrorKind::kInvalid,
              "it must be an address and a port like 10.1.2.3:40000, not `" + text + "`");
}

}  // namespace

Result<HttpResponse> v1_list_connections(const V1Call& call) {
  const auto filter = filter_of(call);
  if (!filter) return Fail(filter.error());
  std::optional<ConnectionId> after;
  std::size_t limit = kUsualPage;
  if (auto read = read_parameter(call, "cursor", parse_connection_id, after); !read) {
    return Fail(read.error());
  }
  if (auto read = read_parameter(call, "limit", parse_limit, limit); !read) {
    return Fail(read.error());
  }
  return v1_json(200, to_json(call.registry.connections().page(*filter, after, limit)));
}

Result<HttpResponse> v1_get_connection(const V1Call& call) {
  const auto id = id_of(call);
  if (!id) return Fail(id.error());
  const auto found = call.registry.connections().find(*id);
  if (!found) return no_connection(call);
  return v1_json(200, to_json(*found));
}

Result<HttpResponse> v1_end_connection(const V1Call& call) {
  const auto id = id_of(call);
  if (!id) return Fail(id.error());
  Farewell farewell = Farewell::kFinish;
  const auto parse_with = [](const std::string& text) -> Result<Farewell> {
    if (text == "fin") return Farewell::kFinish;
    if (text == "rst") return Farewell::kReset;
    return fail(ErrorKind::kInvalid, "it must be fin or rst, not `" + text + "`");
  };
  if (auto read = read_parameter(call, "with", parse_with, farewell); !read) {
    return Fail(read.error());
  }
  const Connections connections = call.registry.connections();
  const auto ended = call.attempt == Registry::Attempt::kTry ? connections.find(*id)
                                                             : connections.end(*id, farewell);
  if (!ended) return no_connection(call);
  if (call.attempt == Registry::Attempt::kApply && call.events != nullptr) {
    call.events->add(
        {.type = "connection.ended",
         .proxy = ended->proxy,
         .cause = {.by = "v1", .request_id = call.request_id},
         .connections = 1,
         .before = to_json(*ended).dump(-1, ' ', false, Json::error_handler_t::replace)});
  }
  return v1_json(200, to_json(*ended));
}

Result<HttpResponse> v1_why(const V1Call& call) {
  if (call.query.count("client") == 0) {
    return fail(ErrorKind::kMalformed, "the parameter `client` is missing: client=10.1.2.3:40000");
  }
  CompactAddress client;
  if (auto read = read_parameter(call, "client", parse_client, client); !read) {
    return Fail(read.error());
  }
  std::optional<WallTime> at;
  if (auto read = read_parameter(call, "at", parse_wall_time, at); !read) {
    return Fail(read.error());
  }
  const ClientHistory history = call.registry.connections().of_client(client, at);
  if (history.live.empty() && history.ended.empty()) {
    return fail(ErrorKind::kNotFound,
                "no connection of " + client.text() +
                    " is known: none is live, and it is not among those that ended last, or the "
                    "kernel refused it before it was one");
  }
  return v1_json(200, to_json(history));
}

Result<HttpResponse> v1_get_clean(const V1Call& call) {
  Json list = Json::array();
  for (const Run* run : call.state.runs.runs().under_way()) {  // Its next fault will come.
    list.push_back({{"kind", "run"}, {"run", run->id}});
  }
  for (const Lingering& one : call.registry.lingering()) list.push_back(to_json(one));
  if (list.empty()) return v1_json(200, {{"clean", true}});
  HttpResponse response =
      problem_response(v1_problem("not-clean"), "left of faults: " + std::to_string(list.size()));
  Json body = Json::parse(response.body);
  body["lingering"] = list;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace faultline
