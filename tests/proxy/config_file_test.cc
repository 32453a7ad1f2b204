#include "proxy/config_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"
#include "tests/toxics/attributes.h"

namespace faultline {

namespace {

/// A file that lives as long as this.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/faultline_config_XXXXXX";
    const int file = mkstemp(name);
    REQUIRE(file >= 0);
    REQUIRE(write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(file);
    path_ = name;
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Config read(const std::string& text) {
  const TemporaryFile file(text);
  const auto config = read_config_file(file.path());
  INFO(text);
  INFO((config ? "" : config.error().message));
  REQUIRE(config);
  return *config;
}

/// The error without the file's path, e.g. "1:5: what".
std::string error_of(const std::string& text) {
  const TemporaryFile file(text);
  const auto config = read_config_file(file.path());
  INFO(text);
  REQUIRE_FALSE(config);
  CHECK(config.error().kind == ErrorKind::kInvalid);
  REQUIRE(config.error().message.find(file.path() + ":") == 0);
  CHECK(config.error().message.find('\n') == std::string::npos);
  return config.error().message.substr(file.path().size() + 1);
}

/// One proxy in our own shape, with these lines in it.
std::string with_proxy(const std::string& lines) {
  return "version: 1\nproxies:\n  - name: a\n    listen: 127.0.0.1:0\n" + lines;
}

}  // namespace

TEST_CASE("a whole file in our own shape is read", "[config_file]") {
  const Config config = read(R"(
# A comment
version: 1
control:
  listen: 127.0.0.1:9474
  allowed_hosts: [faultline.internal]
  allowed_origins:
    - "http://localhost:3000"
proxies:
  - name: redis
    listen: 127.0.0.1:26379
    upstream: "redis.internal:6379"
    toxics:
      - {type: latency, attributes: {latency: 50, jitter: 5}}
      - name: slow
        type: bandwidth
        stream: upstream
        toxicity: 0.5
        attributes:
          rate: 100
  - name: disk
    listen: unix:/run/a.sock
    upstream: unix:/run/b.sock
    enabled: false
)");
  CHECK(config.control_listen == "127.0.0.1:9474");
  CHECK(config.control_allowed_hosts == std::vector<std::string>{"faultline.internal"});
  CHECK(config.control_allowed_origins == std::vector<std::string>{"http://localhost:3000"});
  REQUIRE(config.configured.proxies.size() == 2);
  const ProxySpec& redis = config.configured.proxies[0];
  CHECK(redis.name == "redis");
  CHECK(redis.listen == "127.0.0.1:26379");
  CHECK(redis.upstream == "redis.internal:6379");
  CHECK(redis.enabled);
  REQUIRE(redis.toxics.size() == 2);
  CHECK(redis.toxics[0].name == "latency_downstream");
  CHECK(redis.toxics[0].attributes == attributes_of("latency", {50, 5}));
  CHECK(redis.toxics[1].name == "slow");
  CHECK(redis.toxics[1].direction == Direction::kUpstream);
  CHECK(redis.toxics[1].toxicity == 0.5F);
  CHECK(config.configured.proxies[1].listen == "unix:/run/a.sock");
  CHECK_FALSE(config.configured.proxies[1].enabled);
}

TEST_CASE("a file names the event log and its size", "[config_file]") {
  const Config config = read(R"(
version: 1
control: {event_log: /var/log/events, event_log_size: 2MB}
)");
  CHECK(config.control_event_log == "/var/log/events");
  CHECK(config.control_event_log_size == 2'000'000);
  CHECK(read("version: 1\ncontrol: {event_log_size: 500}").control_event_log_size == 500);
  CHECK_FALSE(read("version: 1").control_event_log);
  CHECK(error_of("version: 1\ncontrol: {event_log: 3}").find("event_log must be a path") !=
        std::string::npos);
  for (const std::string size : {"0", "much", "[]", "-1"}) {
    INFO(size);
    CHECK(error_of("version: 1\ncontrol: {event_log_size: " + size + "}")
              .find("event_log_size must be a size such as 100MB") != std::string::npos);
  }
}

TEST_CASE("a file may have no proxies, and sections may be empty", "[config_file]") {
  CHECK(read("version: 1").configured.proxies.empty());
  CHECK(read("version: 1\nproxies:\ncontrol:\n").configured.proxies.empty());
  CHECK(read("{\"version\": 1, \"proxies\": []}").configured.proxies.empty());
  CHECK(read("[]").configured.proxies.empty());
}

TEST_CASE("Toxiproxy's own file is read unchanged, toxics included", "[config_file]") {
  const Config config = read(R"([
	{
		"name": "web_dev_frontend_1",
		"listen": "[::]:18080",
		"upstream": "webapp.domain:8080",
		"enabled": true
	},
	{
		"Name": "mysql", "LISTEN": "localhost:0", "upstream": "google.com", "enabled": null,
		"Logger": {},
		"toxics": [{"type": "latency", "stream": "UpStream", "toxicity": 80,
		            "attributes": {"LATENCY": 100.0, "jitter": -1}}]
	},
	{"name": "tab\tslash\/quote\"smile\ud83d\ude00e\u00e9", "upstream": "x:1"},
	{"name": "off", "listen": "garbage", "upstream": "x", "enabled": false}
]
)");
  REQUIRE(config.configured.proxies.size() == 4);
  CHECK(config.configured.proxies[0].listen == "[::]:18080");
  CHECK(config.configured.proxies[1].name == "mysql");
  CHECK(config.configured.proxies[1].enabled);
  REQUIRE(config.configured.proxies[1].toxics.size() == 1);
  CHECK(config.configured.proxies[1].toxics[0].name == "latency_UpStream");
  CHECK(config.configured.proxies[1].toxics[0].toxicity == 80);
  CHECK(config.configured.proxies[1].toxics[0].attributes == attributes_of("latency", {100, -1}));
  CHECK(config.configured.proxies[2].name ==
        "tab\tslash/quote\"smile\xf0\x9f\x98\x80"
        "e\xc3\xa9");
  CHECK(config.configured.proxies[2].listen.empty());
}

TEST_CASE("what is wrong is said in one line, with the place and the nearest name",
          "[config_file]") {
  const std::pair<std::string, std::string> cases[] = {
      {"", "1:1: the file is empty; it must say `version: 1`"},
      {"# only a comment\n", "1:1: the file is empty; it must say `version: 1`"},
      {"hello", "1:1: the file must be a map, not a string"},
      {"proxies: []", "1:1: `version: 1` is missing"},
      {"version: 2", "1:1: version must be the number 1, not the number 2"},
      {"version: '1'", "1:1: version must be the number 1, not a string"},
      {"version: 1\nproxys:\n  - name: a\n", "2:1: unknown key `proxys`; did you mean `proxies`?"},
      {"version: 1\nversion: 1", "2:1: the key `version` appears twice"},
      {"version: 1\ncontrol: [1]", "2:1: control must be a map, not a list"},
      {"version: 1\ncontrol:\n  listn: x", "3:3: unknown key `listn`; did you mean `listen`?"},
      {"version: 1\ncontrol: {listen: 8474}", "2:11: listen must be a string, not the number 8474"},
      {"version: 1\ncontrol: {listen: '8474'}",
       "2:11: `8474` is only a port; did you mean `127.0.0.1:8474`?"},
      {"version: 1\ncontrol: {allowed_hosts: a.b}",
       "2:11: allowed_hosts must be a list, not a string"},
      {"version: 1\ncontrol: {allowed_hosts: [a, 5]}",
       "2:30: allowed_hosts must list strings, not the number 5"},
      {"version: 1\nproxies: {a: 1}", "2:1: proxies must be a list, not a map"},
      {"version: 1\nproxies: [1]", "2:11: a proxy must be a map, not the number 1"},
      {with_proxy("    upsteam: b:1\n"), "5:5: unknown key `upsteam`; did you mean `upstream`?"},
      {with_proxy(""), "3:5: missing required field: upstream at proxy 1"},
      {with_proxy("    upstream: 5\n"), "5:5: upstream must be a string, not the number 5"},
      {with_proxy("    upstream: b:1\n    enabled: yes\n"),
       "6:5: enabled must be true or false, not a string"},
      {with_proxy("    upstream: https://b.c/x\n"),
       "5:5: `https://b.c/x` is a URL; did you mean `b.c:443`?"},
      {with_proxy("    upstream: nowhere\n"), "5:5: address nowhere: missing port in address"},
      {"version: 1\nproxies:\n  - name: a\n    upstream: b:1\n",
       "3:5: missing required field: listen (port 0 means any free one)"},
      {with_proxy("    upstream: b:1\n  - name: a\n    listen: c:2\n    upstream: d:1\n"),
       "6:5: two proxies are named `a`"},
      {with_proxy("    upstream: b:1\n    toxics:\n      - type: latencyy\n"),
       "7:9: invalid toxic type `latencyy`; did you mean `latency`?"},
      {with_proxy("    upstream: b:1\n    toxics:\n      - {type: latency, toxicity: 2}\n"),
       "7:25: toxicity must be from 0 to 1, not the number 2"},
      {with_proxy("    upstream: b:1\n    toxics:\n      - type: latency\n        attributes:\n"
                  "          latncy: 5\n"),
       "9:11: unknown key `latncy`; did you mean `latency`?"},
      {with_proxy("    upstream: b:1\n    toxics: [{type: latency, attributes: {latency: -5}}]\n"),
       "6:43: latency must be at least 0, not `-5`"},
      {"version: 1\nproxies:\n\t- name: a\n", "3:2: a tab cannot indent YAML, use spaces"},
      {"version: 1\n--- \nversion: 1", "3:1: more than one document"},
      {"version: 1\nproxies: *nothing", "2:10: the referenced anchor is not defined"},
      {"? [a]\n: 1", "1:3: a key must be text"},
      {"version: !!int 1", "1:10: the tag `tag:yaml.org,2002:int` is not supported"},
      {"[{\"name\": \"a\", \"upsteam\": \"b\"}]",
       "1:16: unknown key `upsteam`; did you mean `upstream`?"},
      {"[{\"upstream\": \"b\"}]", "1:2: missing required field: name at proxy 1"},
      {"[{\"name\": 5}]", "1:3: name must be a string, not the number 5"},
      {"[{\"name\": \"\\ud83d\\ude00\\ud83d\\ude00\", \"upstrem\": \"b\"}]",
       "1:39: unknown key `upstrem`; did you mean `upstream`?"},
      {"[{\"name\": \"\\ud83d\"}]", "1:18: invalid unicode: 55357"},
      {"[{\"name\": \"a\", \"upstream\": \"b\", \"toxics\": [{\"type\": \"latency\", "
       "\"attributes\": {\"latncy\": 1}}]}]",
       "1:79: unknown key `latncy`; did you mean `latency`?"},
      {"[{\"name\": \"a\", \"upstream\": \"b\", \"toxics\": [{\"type\": \"latency\", \"zzz\": "
       "1}]}]",
       "1:64: unknown key `zzz`"},
      {"[{\"name\": \"a\", \"upstream\": \"b\", \"listen\": \"x\"}]",
       "1:33: address x: missing port in address"},
      {"[{\"name\": \"a\", \"upstream\": \"b\"},\n {\"upstream\": \"c\", \"name\": \"a\"}]",
       "2:20: two proxies are named `a`"},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    CHECK(error_of(text) == expected);
  }
}

TEST_CASE("variables are replaced after parsing, and typed where the text was plain",
          "[config_file]") {
  setenv("FAULTLINE_TEST_PORT", "6379", 1);
  setenv("FAULTLINE_TEST_ON", "false", 1);
  setenv("FAULTLINE_TEST_LATENCY", "70", 1);
  setenv("FAULTLINE_TEST_EMPTY", "", 1);
  setenv("FAULTLINE_TEST_EVIL", "a\nversion: 2 # \"", 1);
  unsetenv("FAULTLINE_TEST_UNSET");
  const Config config = read(R"(
version: 1
proxies:
  - name: "${FAULTLINE_TEST_PORT}"
    listen: 127.0.0.1:${FAULTLINE_TEST_UNSET:-0}
    upstream: ${FAULTLINE_TEST_EMPTY:-db}:${FAULTLINE_TEST_PORT}
    enabled: ${FAULTLINE_TEST_ON}
    toxics:
      - type: latency
        name: ${FAULTLINE_TEST_EVIL}
        attributes:
          latency: ${FAULTLINE_TEST_LATENCY}
)");
  REQUIRE(config.configured.proxies.size() == 1);
  CHECK(config.configured.proxies[0].name == "6379");
  CHECK(config.configured.proxies[0].listen == "127.0.0.1:0");
  CHECK(config.configured.proxies[0].upstream == "db:6379");
  CHECK_FALSE(config.configured.proxies[0].enabled);
  CHECK(config.configured.proxies[0].toxics[0].name == "a\nversion: 2 # \"");
  CHECK(config.configured.proxies[0].toxics[0].attributes == attributes_of("latency", {70, 0}));

  CHECK(error_of("version: ${FAULTLINE_TEST_UNSET}") ==
        "1:10: the environment variable `FAULTLINE_TEST_UNSET` is not set "
        "(${FAULTLINE_TEST_UNSET:-default} gives it a default)");
  CHECK(error_of("version: ${FAULTLINE_TEST_UNSET") == "1:10: `${` without a `}`");
  CHECK(error_of("version: ${1X}") == "1:10: `${1X}` names no variable");
}

TEST_CASE("aliases are followed, but not to exhaustion", "[config_file]") {
  const Config config = read(R"(
version: 1
proxies:
  - name: a
    listen: 127.0.0.1:0
    upstream: &db db:1
    toxics: &slow [{type: latency, attributes: {latency: 5}}]
  - {name: b, listen: "127.0.0.1:0", upstream: *db, toxics: *slow}
)");
  REQUIRE(config.configured.proxies.size() == 2);
  CHECK(config.configured.proxies[1].upstream == "db:1");
  CHECK(config.configured.proxies[1].toxics == config.configured.proxies[0].toxics);

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  CHECK(error_of(bomb).find("too many values, once aliases are written out") != std::string::npos);

  std::string long_text = "a: &a " + std::string(1 << 20, 'x') + "\nb:\n";
  for (int i = 0; i < 200; ++i) long_text += "  - *a\n";
  CHECK(error_of(long_text).find("too many values") != std::string::npos);
}

TEST_CASE("what the API shows of a toxic may stand in either shape", "[config_file]") {
  const std::string toxic =
      R"({"attributes": {"how": "reset"}, "name": "x", "type": "limit_time", "stream": "downstream",
          "toxicity": 1, "engine": "user-space", "match": {"clients": ["10.0.0.0/8"], "first": 3},
          "pulse": {"on": "2s", "off": "5s"}, "poisson": {"on": "1s", "off": "20s"},
          "after": "1048576B", "until": "2097152B"})";
  const ToxicSpec listed =
      read(R"([{"name": "a", "listen": "127.0.0.1:0", "upstream": "b:1", "toxics": [)" + toxic +
           "]}]")
          .configured.proxies.at(0)
          .toxics.at(0);
  CHECK(listed.match.count.first == 3);
  CHECK(listed.timing.pulse->on == std::chrono::seconds(2));
  CHECK(listed.timing.bytes->until == 2U << 20U);
  CHECK_FALSE(listed.engine);
  CHECK(read(R"({"version": 1, "proxies": [{"name": "a", "listen": "127.0.0.1:0",)"
             R"("upstream": "b:1", "toxics": [)" +
             toxic + "]}]}")
            .configured.proxies.at(0)
            .toxics.at(0) == listed);
  CHECK(error_of(R"([{"name": "a", "upstream": "b:1", "toxics": [)"
                 R"({"type": "stall", "puls": {"on": "1s", "off": "1s"}}]}])") ==
        "1:64: unknown key `puls`; did you mean `pulse`?");
}

TEST_CASE("a condition whose variable is empty is not left out", "[config_file]") {
  unsetenv("FAULTLINE_TEST_UNSET");
  const std::string toxics = "    upstream: b:1\n    toxics:\n      - type: stall\n";
  CHECK(error_of(with_proxy(toxics + "        until: ${FAULTLINE_TEST_UNSET:-}\n")) ==
        "8:9: until has no value");
  CHECK(error_of(with_proxy(toxics + "        match:\n          # clients: [10.0.0.0/8]\n")) ==
        "8:9: match has no value");
}

TEST_CASE("deep, large and missing files are refused", "[config_file]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(error_of(nested(64)) == "1:2: a proxy must be a map, not a list");
  CHECK(error_of(nested(65)) == "1:65: nested too deeply");
  CHECK(error_of(nested(1'000'000)).find("nested too deeply") != std::string::npos);
  CHECK(error_of(std::string(1'000'000, '[')) != "");
  CHECK(error_of("a: " + std::string(17 << 20, 'x')) == " larger than 16 MiB");
  CHECK(read_config_file("/nonexistent/x").error().message ==
        "/nonexistent/x: cannot be read: No such file or directory");
  CHECK(read_config_file("/tmp").error().message == "/tmp: cannot be read: Is a directory");
}

TEST_CASE("samples may be in a file beside the configuration", "[config_file]") {
  const test::TempDir folder;
  folder.write("delays.txt", "5\n10\n15\n");
  const std::string toxic =
      "{type: latency, attributes: {distribution: empirical, samples: \"@delays.txt\"}}";
  const std::string own =
      folder.write("own.yaml", with_proxy("    upstream: b:1\n    toxics: [" + toxic + "]\n"));
  const std::string list = folder.write(
      "list.json", R"([{"name": "a", "listen": "127.0.0.1:0", "upstream": "b:1", "Toxics": [)"
                   R"({"type": "latency", "attributes": )"
                   R"({"distribution": "empirical", "samples": "@delays.txt"}}]}])");
  for (const std::string& path : {own, list}) {
    const auto config = read_config_file(path);
    INFO((config ? "" : config.error().message));
    REQUIRE(config);
    const ToxicSpec& spec = config->configured.proxies.at(0).toxics.at(0);
    const auto samples = spec.type->samples_of(spec.attributes);
    REQUIRE(samples);
    CHECK((*samples)->in_order() == std::vector<double>{5, 10, 15});
  }
  // Read anew each time: a reload sees what has changed.
  folder.write("delays.txt", "7\n");
  const auto again = read_config_file(own);
  REQUIRE(again);
  const ToxicSpec& spec = again->configured.proxies.at(0).toxics.at(0);
  CHECK((*spec.type->samples_of(spec.attributes))->in_order() == std::vector<double>{7});
}

TEST_CASE("a pipe is not waited for as a file of samples", "[config_file]") {
  const test::TempDir folder;
  REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  const std::string toxics = "    upstream: b:1\n    toxics:\n      - type: link_trace\n";
  const std::string path =
      folder.write("own.yaml", with_proxy(toxics + "        attributes: {trace: \"@pipe\"}\n"));
  const auto config = read_config_file(path);
  REQUIRE_FALSE(config);
  CHECK(config.error().message ==
        path + ":8:22: trace: `" + folder.file("pipe") + "`: not a regular file");
}

TEST_CASE("a file of samples that cannot be read is named, with the place", "[config_file]") {
  CHECK(error_of(with_proxy("    upstream: b:1\n    toxics:\n      - type: link_trace\n"
                            "        attributes:\n          trace: \"@no/such.trace\"\n")) ==
        "9:11: trace: `/tmp/no/such.trace`: cannot be read: No such file or directory");
  CHECK(error_of(with_proxy("    upstream: b:1\n    toxics:\n      - type: link_trace\n"
                            "        attributes: {trace: \"@/tmp\"}\n")) ==
        "8:22: trace: `/tmp`: cannot be read: Is a directory");
}

TEST_CASE("the files that docs/configuration.md shows are read", "[config_file]") {
  const std::string document = test::read_file(SOURCE_DIR "/docs/configuration.md");
  constexpr std::string_view kBegin = "\n```yaml\n";
  std::size_t count = 0;
  for (std::size_t at = document.find(kBegin); at != std::string::npos; ++count) {
    const std::size_t begin = at + kBegin.size();
    const std::size_t end = document.find("```", begin);
    REQUIRE(end != std::string::npos);
    CHECK_FALSE(read(document.substr(begin, end - begin)).configured.proxies.empty());
    at = document.find(kBegin, end);
  }
  CHECK(count == 2);
}

}  // namespace faultline
