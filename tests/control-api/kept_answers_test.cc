#include "control-api/kept_answers.h"

#include <catch2/catch.hpp>
#include <string>

namespace faultline {
namespace {

HttpRequest request(const std::string& body) {
  return {.method = "POST", .target = "/v1/leases", .headers = {}, .body = body};
}

const std::uint64_t kOne = KeptAnswers::request_number(request("one"));

TEST_CASE("the answer to a request is kept by its key", "[kept_answers]") {
  KeptAnswers kept;
  CHECK(*kept.find("k", kOne) == nullptr);
  kept.keep("k", kOne, {201, {{"Location", "/there"}}, "made"});
  const auto again = kept.find("k", kOne);
  REQUIRE((again && *again != nullptr));
  CHECK((*again)->status == 201);
  CHECK((*again)->body == "made");
  CHECK((*again)->headers == HttpHeaders{{"Location", "/there"}});
  const auto other = kept.find("k", KeptAnswers::request_number(request("two")));
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == ErrorKind::kInvalid);
}

TEST_CASE("what is no key is refused", "[kept_answers]") {
  const KeptAnswers kept;
  for (const std::string key : {"", "a b", "\x7f", "\xc3\xa4"}) {
    INFO(key);
    CHECK(kept.find(key, kOne).error().kind == ErrorKind::kMalformed);
  }
  CHECK(kept.find(std::string(KeptAnswers::kLongestKey, 'k'), kOne));
  CHECK_FALSE(kept.find(std::string(KeptAnswers::kLongestKey + 1, 'k'), kOne));
}

TEST_CASE("the oldest answers are forgotten, by number and by size", "[kept_answers]") {
  KeptAnswers kept;
  for (std::size_t i = 0; i <= KeptAnswers::kMost; ++i) kept.keep(std::to_string(i), kOne, {});
  CHECK(*kept.find("0", kOne) == nullptr);
  CHECK(*kept.find("1", kOne) != nullptr);
  const std::string half(KeptAnswers::kMostBytes / 2, 'x');
  kept.keep("a", kOne, {200, {}, half});
  kept.keep("b", kOne, {200, {}, half});
  CHECK(*kept.find("a", kOne) != nullptr);
  kept.keep("c", kOne, {200, {}, "x"});
  CHECK(*kept.find("a", kOne) == nullptr);
  CHECK(*kept.find("b", kOne) != nullptr);
  kept.keep("d", kOne, {200, {}, half + half + "x"});
  CHECK(*kept.find("d", kOne) == nullptr);
}

}  // namespace
}  // namespace faultline
