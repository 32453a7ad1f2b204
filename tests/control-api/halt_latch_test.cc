#include "control-api/halt_latch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace faultline {
namespace {
using test::TempDir;

TEST_CASE("a halt outlives whoever set it, until it is lifted", "[halt]") {
  const TempDir dir;
  const std::string path = dir.file("deep/halt.json");
  {
    HaltLatch latch(path);
    CHECK(latch.halt() == nullptr);
    CHECK(latch.survives_restart());
    REQUIRE(latch.set({.since = "now", .owner = "an\"na", .reason = "checkout\nis down"}));
  }
  HaltLatch again(path);
  REQUIRE(again.halt() != nullptr);
  CHECK(again.halt()->since == "now");
  CHECK(again.halt()->owner == "an\"na");
  CHECK(again.halt()->reason == "checkout\nis down");
  REQUIRE(again.lift());
  CHECK(again.halt() == nullptr);
  CHECK(!std::filesystem::exists(path));
  CHECK(HaltLatch(path).halt() == nullptr);
  CHECK(again.lift());
}

TEST_CASE("a halt whose file cannot be read is a halt", "[halt]") {
  const TempDir dir;
  const std::string path = dir.file("halt.json");
  std::ofstream(path) << R"({"since":"no)";
  const HaltLatch latch(path);
  REQUIRE(latch.halt() != nullptr);
  CHECK(latch.halt()->reason.find(path) != std::string::npos);
}

TEST_CASE("a halt that cannot be written holds all the same, and says so", "[halt]") {
  const TempDir dir;
  dir.write("file", "x");
  HaltLatch latch(dir.file("file/halt.json"));
  const auto set = latch.set({.since = "", .owner = "", .reason = "why"});
  REQUIRE(!set);
  CHECK(set.error().message.find("/file/halt.json") != std::string::npos);
  REQUIRE(latch.halt() != nullptr);
  CHECK(latch.halt()->reason == "why");
  CHECK(!latch.survives_restart());
  REQUIRE(latch.lift());
  CHECK(latch.halt() == nullptr);
}

TEST_CASE("without a file a halt ends with the process", "[halt]") {
  HaltLatch latch;
  CHECK(!latch.survives_restart());
  REQUIRE(latch.set({.since = "", .owner = "", .reason = "why"}));
  CHECK(latch.halt() != nullptr);
  REQUIRE(latch.lift());
  CHECK(latch.halt() == nullptr);
}

}  // namespace
}  // namespace faultline
