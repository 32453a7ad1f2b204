#include "bench/suite.h"

#include <catch2/catch.hpp>

namespace faultline::bench {
namespace {

/// The full suite's control plane where a process may open so many files.
ControlPlaneSettings with_files(std::size_t open_files, std::vector<std::string>& notes) {
  Suite suite = suite_of(Scale::kFull);
  fit_to_open_files(suite, open_files, notes);
  std::erase_if(notes, [](const std::string& note) { return !note.starts_with("control-plane"); });
  return suite.control_plane;
}

}  // namespace

TEST_CASE("10,000 connections are live as long as there is a file for each", "[suite]") {
  std::vector<std::string> notes;
  const ControlPlaneSettings plenty = with_files(100'000, notes);
  CHECK(plenty.connections == 10'000);
  CHECK(plenty.dialled == 10'000);

  const ControlPlaneSettings few = with_files(20'000, notes);
  CHECK(few.connections == 10'000);
  CHECK(few.dialled < 10'000);
  CHECK(few.connections + few.dialled + few.subscribers <= 20'000);
  CHECK(notes.empty());
}

TEST_CASE("fewer connections than wanted are said", "[suite]") {
  std::vector<std::string> notes;
  const ControlPlaneSettings settings = with_files(4'096, notes);
  CHECK(settings.connections < 4'096);
  CHECK(settings.dialled == 1);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find(std::to_string(settings.connections) + " connections instead of 10000") !=
        std::string::npos);
}

TEST_CASE("a mesh is as large as the files of a process allow", "[suite]") {
  Suite suite = suite_of(Scale::kFull);
  std::vector<std::string> notes;
  fit_to_open_files(suite, 20'000, notes);
  CHECK(suite.zone_cut.connections > 9'900);
  CHECK(2 * suite.zone_cut.connections < 20'000);  // A proxy has two for each.
}

}  // namespace faultline::bench
