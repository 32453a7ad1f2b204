// The description of /v1, made from the tables that route and check: for programs (OpenAPI
// 3.1) and for people.

#include <array>
#include <set>

#include "control-api/v1_handlers.h"
#include "control-api/v1_operations.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_schemas.h"
#include "control-api/v1_views.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// Codes that every operation can answer with, by what it is.
std::set<std::string_view> codes_of(const V1Operation& operation) {
  std::set<std::string_view> codes(operation.problems.begin(), operation.problems.end());
  codes.insert({"malformed", "forbidden"});
  if (!operation.body.empty()) codes.insert("invalid");
  if (operation.has_tag && operation.writes) codes.insert("precondition-failed");
  if (operation.begins_something()) codes.insert("draining");
  return codes;
}

std::string in_lower_case(std::string_view method) {
  std::string out;
  for (const char c : method) out += static_cast<char>(c - 'A' + 'a');
  return out;
}

Json content(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return {{name, Json::object()}};
  return {
      {"application/json", {{"schema", {{"$ref", "#/components/schemas/" + std::string(name)}}}}}};
}

Json header_of(const std::string& description) {
  return {{"description", description}, {"schema", {{"type", "string"}}}};
}

Json success(const V1Operation& operation, int status) {
  Json response = {{"description", status == 201 ? "made" : "done"}};
  response["headers"]["X-Request-Id"] = header_of("the request's, or one made for it");
  if (operation.has_tag && status != 204)
    response["headers"]["ETag"] = header_of("of what it shows");
  if (operation.method == "POST" && status == 201) {
    response["headers"]["Location"] = header_of("where it is");
  }
  if (!operation.answer.empty()) response["content"] = content(operation.answer);
  if (operation.streams) response["content"]["text/event-stream"] = Json::object();
  return response;
}

Json responses_of(const V1Operation& operation) {
  Json responses;
  responses[std::to_string(operation.status)] = success(operation, operation.status);
  if (operation.may_create) responses["201"] = success(operation, 201);
  if (operation.has_tag && operation.method == "GET") {
    responses["304"] = {{"description", "it is as If-None-Match says"}};
  }
  for (const V1Problem& problem : v1_problems()) {
    if (codes_of(operation).count(problem.code) == 0) continue;
    Json& response = responses[std::to_string(problem.status)];
    const std::string before = response.contains("description")
                                   ? response["description"].get<std::string>() + "; or: "
                                   : "";
    response["description"] = before + std::string(problem.title);
    response["content"]["application/problem+json"]["schema"]["$ref"] =
        "#/components/schemas/Problem";
  }
  return responses;
}

Json parameter(std::string_view where, std::string_view name, const Json& schema,
               std::string_view description) {
  return {{"name", name},
          {"in", where},
          {"required", where == "path"},
          {"description", description},
          {"schema", schema}};
}

Json parameters_of(const V1Operation& operation) {
  const Json text = {{"type", "string"}};
  Json list = Json::array();
  for (std::size_t at = operation.path.find('{'); at != std::string_view::npos;
       at = operation.path.find('{', at + 1)) {
    const std::string_view name =
        operation.path.substr(at + 1, operation.path.find('}', at) - at - 1);
    list.push_back(parameter("path", name, {{"type", "string"}, {"minLength", 1}}, "its name"));
  }
  for (const V1Query& query : operation.queries) {
    list.push_back(
        parameter("query", query.name, Json::parse(query.schema, nullptr, false), query.summary));
  }
  if (operation.writes) {
    list.push_back(parameter("query", "dry_run", {{"type", "boolean"}},
                             "check all, answer as if it were done, change nothing"));
  }
  if (operation.has_tag) {
    list.push_back(
        parameter("header", "If-None-Match", text, "`*`, or tags: only if it is none of them"));
    if (operation.writes) {
      list.push_back(parameter("header", "If-Match", text, "only if it is as this ETag says"));
    }
  }
  if (operation.takes_key()) {
    list.push_back(parameter("header", "Idempotency-Key", text,
                             "of 1 to 255 characters: a request that comes again with it is "
                             "answered as it was, and not done again"));
  }
  list.push_back(parameter("header", "X-Request-Id", text, "comes back in the answer"));
  return list;
}

Json operation_of(const V1Operation& operation) {
  Json entry = {{"operationId", operation.id},
                {"tags", {operation.group}},
                {"summary", operation.summary},
                {"parameters", parameters_of(operation)}};
  if (!operation.body.empty()) {
    Json body = content(operation.body);
    body["application/json"]["example"] = Json::parse(operation.example, nullptr, false);
    entry["requestBody"] = {{"required", true}, {"content", body}};
  }
  entry["responses"] = responses_of(operation);
  return entry;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

/// The call as a line for a shell. Names in braces become ones that the examples make.
std::string curl_line(const V1Operation& operation, const std::string& host) {
  std::string path(operation.path);
  for (const auto& [name, stands_for] :
       {std::pair("{proxy}", "redis"), std::pair("{toxic}", "slow"), std::pair("{type}", "latency"),
        std::pair("{lease}", "ID"), std::pair("{connection}", "ID")}) {
    const std::size_t at = path.find(name);
    if (at != std::string::npos) path.replace(at, std::string(name).size(), stands_for);
  }
  std::string line = "curl";
  if (operation.method != "GET") line += " -X " + std::string(operation.method);
  if (operation.streams) line += " -N";
  line += " http://" + host + path;
  if (!operation.body.empty()) line += " -d '" + std::string(operation.example) + "'";
  return line;
}

constexpr std::string_view kPageHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Faultline /v1</title>
<meta name="viewport" content="width=device-width">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #8881; padding: .6rem; overflow-x: auto; user-select: all; }
h3 { margin-bottom: 0; } b.method { display: inline-block; min-width: 4.5rem; }
dt { font-weight: bold; } :root { color-scheme: light dark; }
</style></head><body>
)";

}  // namespace

Result<HttpResponse> v1_get_openapi(const V1Call& /*call*/) {
  Json paths;
  for (const V1Operation& operation : v1_operations()) {
    paths[std::string(operation.path)][in_lower_case(operation.method)] = operation_of(operation);
  }
  return v1_json(200, {{"openapi", "3.1.0"},
                       {"info",
                        {{"title", "Faultline"},
                         {"version", FAULTLINE_VERSION},
                         {"summary", "Proxies, and the toxics that make them misbehave."}}},
                       {"paths", paths},
                       {"components", {{"schemas", v1_schemas()}}}});
}

Result<HttpResponse> v1_get_page(const V1Call& call) {
  const std::string* host = call.request.header("Host");
  const std::string address = host == nullptr || host->empty() ? "127.0.0.1:8474" : *host;
  std::string page(kPageHead);
  page +=
      "<h1>Faultline /v1</h1>\n<p>Everything that is not understood is refused, with what was "
      "meant. Every operation that changes something takes <code>?dry_run=true</code>. For "
      "programs: <a href=\"/v1/openapi.json\">openapi.json</a>.</p>\n";
  std::string_view group;
  for (const V1Operation& operation : v1_operations()) {
    if (operation.group != group) page += "<h2>" + escaped(operation.group) + "</h2>\n";
    group = operation.group;
    page += "<h3 id=\"" + escaped(operation.id) + "\"><code><b class=\"method\">" +
            escaped(operation.method) + "</b> " + escaped(operation.path) + "</code></h3>\n<p>" +
            escaped(operation.summary) + "</p>\n<pre>" + escaped(curl_line(operation, address)) +
            "</pre>\n";
  }
  page += "<h2>problems</h2>\n<dl>\n";
  for (const V1Problem& problem : v1_problems()) {
    page += "<dt id=\"problem-" + escaped(problem.code) + "\">" + std::to_string(problem.status) +
            " <code>" + escaped(problem.code) + "</code>: " + escaped(problem.title) +
            "</dt>\n<dd>" + escaped(problem.meaning) + "</dd>\n";
  }
  page += "</dl>\n</body></html>\n";
  return HttpResponse{200,
                      {{"Content-Type", "text/html; charset=utf-8"},
                       {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                       {"X-Content-Type-Options", "nosniff"}},
                      std::move(page)};
}

}  // namespace faultline
