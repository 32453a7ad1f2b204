// The house rules that a machine can check. Change a rule here, and in
// CONTRIBUTING.md, in the same commit.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxColumns = 100;
constexpr std::size_t kMaxLines = 500;

using Names = std::vector<std::string>;

const Names kProduct = {"base", "toxics", "zones", "proxy", "control-api", "cli"};
const Names kEverything = {"base",        "toxics", "zones", "proxy",
                           "control-api", "cli",    "tests", "bench"};

/// Which folders a folder may include from, besides itself.
const std::map<std::string, Names> kMayInclude = {
    {"base", {}},
    {"toxics", {"base"}},
    {"zones", {"base"}},
    {"proxy", {"base", "toxics", "zones"}},
    {"control-api", {"base", "toxics", "zones", "proxy"}},
    {"cli", {"base", "toxics", "zones", "proxy", "control-api"}},
};

/// Where the headers of others may be included: a file, or a folder with "/" at the end.
const std::map<std::string, Names> kThirdParty = {
    {"<CLI/", {"cli/", "bench/option_parser."}},
    {"<catch2/", {"tests/"}},
    {"<liburing", {"proxy/call_batch.cc"}},
    {"<llhttp", {"proxy/http_connect.", "control-api/http_parser.", "cli/response_reader."}},
    {"<nlohmann/",
     {"control-api/json_reader.cc", "control-api/connection_json.", "control-api/kept_state.cc",
      "control-api/run_json.cc", "control-api/v1_", "cli/", "tests/", "bench/"}},
    {"<openssl/", {"tests/support/hashing.cc"}},
    {"<prometheus/", {"control-api/metrics.cc"}},
    {"<spdlog/", {"base/log.cc"}},
    {"<tl/", {"base/result.h"}},
    {"<uv.h>", {"proxy/", "control-api/http_", "cli/", "tests/", "bench/"}},
    {"<yaml-cpp/", {"proxy/yaml_document.cc"}},
};

/// Calls that have a better one, and where they may stand all the same.
struct Ban {
  std::string call;
  std::string instead;
  Names except;
};
const std::vector<Ban> kBans = {
    {"strcpy(", "std::string", {}},
    {"sprintf(", "std::string or std::snprintf", {"snprintf("}},
    {"gethostbyname", "look_up_blocking() or uv_getaddrinfo", {}},
    {"std::cout", "cli/console.h", {"cli/console.cc", "bench/"}},
    {"std::cerr", "base/log.h", {"cli/console.cc", "bench/"}},
    {"std::rand(", "base/random.h", {}},
    {"std::mt19937", "base/random.h", {}},
    {"std::regex", "code: std::regex is slow and recurses", {"tests/"}},
    {"using namespace", "names", {"using namespace std::chrono_literals", "std::literals"}},
    {"tl::", "Result<T>", {"base/result.h"}},
    {"detach()", "a thread with an owner", {}},
    {"system_clock", "TimePoint", {"base/timestamp.cc", "control-api/", "cli/", "proxy/"}},
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool starts_with_any(const std::string& text, const Names& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](const std::string& start) { return text.rfind(start, 0) == 0; });
}

struct File {
  std::string path;  // From the root, e.g. "proxy/listener.cc".
  Names lines;

  bool is_header() const { return path.size() > 2 && path.substr(path.size() - 2) == ".h"; }
};

std::vector<File> files_of(const Names& folders) {
  std::vector<File> files;
  for (const std::string& folder : folders) {
    const fs::path top = fs::path(SOURCE_DIR) / folder;
    if (!fs::exists(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
      File file{fs::relative(entry.path(), SOURCE_DIR).string(), {}};
      std::ifstream stream(entry.path());
      for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  return files;
}

/// Calls `check` with every line and "path:number".
template <class Check>
void for_each_line(const Names& folders, const Check& check) {
  for (const File& file : files_of(folders)) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      check(file, file.lines[i], file.path + ":" + std::to_string(i + 1));
    }
  }
}

/// Columns as an editor counts them: a UTF-8 sequence is one.
std::size_t columns(const std::string& line) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), starts));
}

}  // namespace

TEST_CASE("lines and files keep to their limits", "[tidy]") {
  for (const File& file : files_of(kEverything)) {
    INFO(file.path);
    CHECK(file.lines.size() <= kMaxLines);
  }
  for_each_line(kEverything, [](const File&, const std::string& line, const std::string& where) {
    INFO(where);
    CHECK(columns(line) <= kMaxColumns);
    CHECK((line.empty() || (line.back() != ' ' && line.back() != '\r')));
  });
}

TEST_CASE("folders include only what stands below them", "[tidy]") {
  for_each_line(kProduct, [](const File& file, const std::string& line, const std::string& where) {
    const std::string folder = file.path.substr(0, file.path.find('/'));
    for (const std::string& other : kEverything) {
      if (other == folder || !contains(line, "#include \"" + other + "/")) continue;
      const Names& allowed = kMayInclude.at(folder);
      INFO(where << ": " << line);
      CHECK(std::find(allowed.begin(), allowed.end(), other) != allowed.end());
    }
  });
}

TEST_CASE("end-to-end tests and fuzzers see nothing of the server but its sockets", "[tidy]") {
  for_each_line(
      {"tests/end_to_end", "tests/fuzz", "tests/support"},
      [](const File& file, const std::string& line, const std::string& where) {
        for (const std::string inner : {"toxics/", "zones/", "proxy/", "control-api/", "cli/"}) {
          INFO(where << ": " << line);
          if (file.path.rfind("tests/support/", 0) == 0 && inner == "proxy/") continue;
          CHECK_FALSE(contains(line, "#include \"" + inner));
        }
      });
}

TEST_CASE("headers of others are included in the fewest files", "[tidy]") {
  for_each_line(kEverything,
                [](const File& file, const std::string& line, const std::string& where) {
                  for (const auto& [header, places] : kThirdParty) {
                    if (!contains(line, "#include " + header)) continue;
                    INFO(where << ": " << line);
                    CHECK(starts_with_any(file.path, places));
                  }
                });
}

TEST_CASE("toxics know no clock, no loop and no chance of their own", "[tidy]") {
  for_each_line({"toxics"}, [](const File&, const std::string& line, const std::string& where) {
    for (const std::string banned :
         {"::now()", "uv.h", "random_device", "rand(", "sleep", "<thread>", "<mutex>"}) {
      INFO(where << ": " << banned);
      CHECK_FALSE(contains(line, banned));
    }
  });
}

TEST_CASE("banned calls have a better one", "[tidy]") {
  for_each_line(kEverything,
                [](const File& file, const std::string& line, const std::string& where) {
                  if (file.path == "tests/tidy_test.cc") return;
                  for (const Ban& ban : kBans) {
                    if (!contains(line, ban.call) || starts_with_any(file.path, ban.except)) {
                      continue;
                    }
                    const bool allowed =
                        std::any_of(ban.except.begin(), ban.except.end(),
                                    [&](const std::string& part) { return contains(line, part); });
                    INFO(where << ": `" << ban.call << "`: use " << ban.instead);
                    CHECK(allowed);
                  }
                });
}

TEST_CASE("every header is guarded and documented", "[tidy]") {
  for (const File& file : files_of(kEverything)) {
    if (!file.is_header()) continue;
    INFO(file.path);
    REQUIRE_FALSE(file.lines.empty());
    CHECK(file.lines.front() == "#pragma once");
    const bool documented =
        std::any_of(file.lines.begin(), file.lines.end(),
                    [](const std::string& line) { return contains(line, "/// "); });
    CHECK(documented);
  }
}

TEST_CASE("nothing is left for later", "[tidy]") {
  for_each_line(kEverything,
                [](const File& file, const std::string& line, const std::string& where) {
                  if (file.path == "tests/tidy_test.cc") return;
                  for (const std::string mark : {"TODO", "FIXME", "[!mayfail]", "[.]"}) {
                    INFO(where << ": " << mark);
                    CHECK_FALSE(contains(line, mark));
                  }
                });
}

TEST_CASE("every source file is built", "[tidy]") {
  // Folders are globbed flat: a file in a folder of its own would be dead. bench/truth/ is a
  // program of its own, with a CMakeLists.txt.
  Names folders = kProduct;
  folders.emplace_back("bench");
  for (const File& file : files_of(folders)) {
    INFO(file.path);
    const auto depth = std::count(file.path.begin(), file.path.end(), '/');
    CHECK(depth == (starts_with_any(file.path, {"bench/truth/"}) ? 2 : 1));
  }
}
