// The parser of the control API, on requests as client libraries send them.

#include <benchmark/benchmark.h>

#include <string>

#include "base/verify.h"
#include "control-api/http_parser.h"

namespace faultline {
namespace {

std::string request(const std::string& first_line, const std::string& body) {
  std::string text =
      first_line + " HTTP/1.1\r\nHost: localhost:8474\r\nUser-Agent: client/2.12\r\n";
  if (!body.empty()) {
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "Accept-Encoding: gzip\r\n\r\n" + body;
}

void parse(benchmark::State& state, const std::string& text) {
  HttpParser parser({});
  for (auto _ : state) {
    const HttpParser::Step step = parser.feed(text);
    VERIFY(step.status == HttpParser::Status::kRequest);
    benchmark::DoNotOptimize(parser.take_request());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void http_parser_get(benchmark::State& state) {
  parse(state, request("GET /proxies", ""));
}
BENCHMARK(http_parser_get);

void http_parser_post_toxic(benchmark::State& state) {
  parse(state, request("POST /proxies/redis/toxics",
                       R"({"name":"lag","type":"latency","stream":"downstream","toxicity":1,)"
                       R"("attributes":{"latency":1000,"jitter":100}})"));
}
BENCHMARK(http_parser_post_toxic);

void http_parser_populate(benchmark::State& state) {
  std::string body;
  for (int i = 0; i < 1'000; ++i) {
    body += (body.empty() ? "[" : ",") + std::string(R"({"name":"proxy)") + std::to_string(i) +
            R"(","listen":"127.0.0.1:0","upstream":"127.0.0.1:6379"})";
  }
  parse(state, request("POST /populate", body + "]"));
}
BENCHMARK(http_parser_populate);

}  // namespace
}  // namespace faultline
