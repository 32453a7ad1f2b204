#include "control-api/url_path.h"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

using Segments = std::vector<std::string>;

TEST_CASE("a target is taken apart", "[url_path]") {
  CHECK(parse_target("/a/b?x=/y").path == "/a/b");
  CHECK(parse_target("/a/b?x=/y").query == "?x=/y");
  const Target absolute = parse_target("http://host:8474/proxies?q");
  CHECK(absolute.authority == "host:8474");
  CHECK(absolute.path == "/proxies");
  CHECK(absolute.query == "?q");
  CHECK(parse_target("http://host").path == "/");
  CHECK(parse_target("http://host?q=/x").authority == "host");
  CHECK(parse_target("*").path == "*");
  CHECK(parse_target("/a://b").path == "/a://b");
  CHECK(parse_target("").path.empty());
}

TEST_CASE("paths are cleaned", "[url_path]") {
  for (const char* clean : {"/", "/a", "/a/", "/a/b%2Fc", "/%2e%2e", "/a..b", "/..."}) {
    CHECK(cleaned_path(clean) == clean);
  }
  CHECK(cleaned_path("//a") == "/a");
  CHECK(cleaned_path("/a//b") == "/a/b");
  CHECK(cleaned_path("/a/./b") == "/a/b");
  CHECK(cleaned_path("/a/../b") == "/b");
  CHECK(cleaned_path("/../../b") == "/b");
  CHECK(cleaned_path("//evil.example/..//") == "/");
  CHECK(cleaned_path("/a//") == "/a/");
}

TEST_CASE("F11: the raw path is split first, then each segment is decoded", "[url_path]") {
  CHECK(path_segments("/proxies/a%2Fb/toxics") == Segments{"proxies", "a/b", "toxics"});
  CHECK(path_segments("/proxies/%2e%2E") == Segments{"proxies", ".."});
  CHECK(path_segments("/host:80@x.y/+") == Segments{"host:80@x.y", "+"});
  CHECK(path_segments("/%C3%A9%00") == Segments{std::string("\xc3\xa9\0", 3)});
  CHECK(path_segments("/a/") == Segments{"a", ""});
  for (const char* broken : {"/%", "/%2", "/%zz", "/a/%4g", "/%%41"}) {
    INFO(broken);
    CHECK_FALSE(path_segments(broken));
    CHECK_FALSE(query_parameters("?a=" + std::string(broken)));
  }
}

TEST_CASE("a query is taken apart before it is decoded", "[url_path]") {
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  CHECK(query_parameters("") == Parameters{});
  CHECK(query_parameters("?") == Parameters{});
  CHECK(query_parameters("?a=1&b=x+y&c") == Parameters{{"a", "1"}, {"b", "x y"}, {"c", ""}});
  CHECK(query_parameters("a=%26%3D%2B&&=b=c&") == Parameters{{"a", "&=+"}, {"", "b=c"}});
  CHECK(query_parameters("?a=1&a=2") == Parameters{{"a", "1"}, {"a", "2"}});
}

}  // namespace
}  // namespace faultline
