#include "control-api/json_reader.h"

#include <catch2/catch.hpp>
#include <string>

namespace faultline {
namespace {

std::string text_of(const std::string& json) {
  const auto document = parse_json(json);
  INFO(json << ": " << (document ? "" : document.error().message));
  REQUIRE(document);
  const auto* text = document->as<std::string>();
  REQUIRE(text != nullptr);
  return *text;
}

std::string error_of(const std::string& json) {
  const auto document = parse_json(json);
  if (document) return "no error";
  CHECK(document.error().kind == ErrorKind::kInvalid);
  return document.error().message;
}

TEST_CASE("every kind of value is read, in the order written", "[json_reader]") {
  const auto document = parse_json(R"({"b":[null,true,-7,1.5,"x",{}],"a":[]})");
  REQUIRE(document);
  const auto& object = *document->as<Document::Object>();
  REQUIRE(object.size() == 2);
  CHECK(object[0].first == "b");
  CHECK(object[1].first == "a");
  const auto& list = *object[0].second.as<Document::Array>();
  REQUIRE(list.size() == 6);
  CHECK(list[0].is_null());
  CHECK(*list[1].as<bool>());
  CHECK(*list[2].as<std::int64_t>() == -7);
  CHECK(*list[3].as<double>() == 1.5);
  CHECK(*list[4].as<std::string>() == "x");
  CHECK(list[5].as<Document::Object>()->empty());
  CHECK(object[1].second.as<Document::Array>()->empty());
}

TEST_CASE("only the first value is read", "[json_reader]") {
  CHECK(parse_json("{} garbage")->as<Document::Object>() != nullptr);
  CHECK(parse_json("  [] {\"a\":")->as<Document::Array>() != nullptr);
  CHECK(parse_json("null\xff")->is_null());
  CHECK(text_of("\"a\"\"b\"") == "a");
}

TEST_CASE("numbers outside 64 bits are no whole numbers", "[json_reader]") {
  CHECK(*parse_json("9223372036854775807")->as<std::int64_t>() == INT64_MAX);
  CHECK(*parse_json("-9223372036854775808")->as<std::int64_t>() == INT64_MIN);
  CHECK(parse_json("9223372036854775808")->as<double>() != nullptr);
  CHECK(parse_json("-9223372036854775809")->as<double>() != nullptr);
  CHECK(parse_json("99999999999999999999999")->as<double>() != nullptr);
  CHECK(parse_json("100.0")->as<double>() != nullptr);
}

TEST_CASE("bad JSON is a bad request body", "[json_reader]") {
  CHECK(error_of("") == "bad request body: EOF");
  CHECK(error_of(" \r\n\t") == "bad request body: EOF");
  CHECK(error_of("{\"a\":") == "bad request body: unexpected EOF");
  CHECK(error_of("{\"a\":\"x") == "bad request body: unexpected EOF");
  CHECK(error_of("\xef\xbb\xbf{}") == "bad request body: a byte order mark is not JSON");
  for (const std::string text : {"{n}", "hello", "{\"a\" 1}", "[1,]", "{'a':1}", "\"a\nb\"", "nul",
                                 "[1e999]", "\"\\x\"", "\\", "\"\\u12\"", "NaN", "01x", "{\"\\"}) {
    INFO(text);
    const std::string error = error_of(text + (text == "01x" ? "" : " "));
    if (text == "01x") continue;  // Reads as 0, then something that is ignored.
    CHECK(error.find("bad request body: ") == 0);
    CHECK(error.find("json.exception") == std::string::npos);
  }
}

TEST_CASE("nesting is limited", "[json_reader]") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(parse_json(nested(kJsonDepth)));
  CHECK(error_of(nested(kJsonDepth + 1)) == "bad request body: nested more than 64 deep");
  CHECK(error_of(std::string(1'000'000, '[')) == "bad request body: nested more than 64 deep");
}

TEST_CASE("what is not UTF-8 becomes U+FFFD", "[json_reader]") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(text_of("\"a\xff"
                "b\"") == "a" + bad + "b");
  CHECK(text_of("\"\xc3\xa9\"") == "\xc3\xa9");
  CHECK(text_of("\"\xc0\xaf\"") == bad + bad);                      // Overlong "/".
  CHECK(text_of("\"\xed\xa0\x80\"") == bad + bad + bad);            // A surrogate.
  CHECK(text_of("\"\xf4\x90\x80\x80\"") == bad + bad + bad + bad);  // Above U+10FFFF.
  CHECK(text_of("\"\xf0\x9f\x98\x80\"") == "\xf0\x9f\x98\x80");
  CHECK(text_of("\"\xf0\x9f\"") == bad + bad);
  CHECK(error_of("{\xff}").find("bad request body: ") == 0);
}

TEST_CASE("lone surrogates become U+FFFD", "[json_reader]") {
  const std::string bad = "\xef\xbf\xbd";
  CHECK(text_of(R"("\ud83d\ude00")") == "\xf0\x9f\x98\x80");
  CHECK(text_of(R"("\ud83dx")") == bad + "x");
  CHECK(text_of(R"("\ude00x")") == bad + "x");
  CHECK(text_of(R"("\ud83d\ud83d\ude00")") == bad + "\xf0\x9f\x98\x80");
  CHECK(text_of(R"("\ud83d\u0041")") == bad + "A");
  CHECK(text_of(R"("\\ud83d")") == "\\ud83d");
  CHECK(text_of(R"("\n\/\"")") == "\n/\"");
  CHECK(text_of("\"\\u0000\"") == std::string(1, '\0'));
}

}  // namespace
}  // namespace faultline
