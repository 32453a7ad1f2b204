#include "tests/support/server_process.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace faultline::test {

namespace {

Process::Options serving(Process::Options options) {
  options.arguments.insert(options.arguments.begin(), {"serve", "--listen", "127.0.0.1:0"});
  return options;
}

/// How much of all processors we get if we ask for all of them, 0 to 1.
double share_of_processors() {
  const auto start = Clock::now();
  const auto end = start + milliseconds(40);
  std::vector<double> seconds(std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::jthread> spinners;
  for (double& mine : seconds) {
    spinners.emplace_back([&mine, end] {
      while (Clock::now() < end) continue;
      timespec used{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
      mine = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
    });
  }
  spinners.clear();
  const std::chrono::duration<double> took = Clock::now() - start;
  const double sum = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  return sum / took.count() / static_cast<double>(seconds.size());
}

/// The address in the log line that says where the control API listens; "" before it is there.
std::string api_address(const std::string& log) {
  const std::size_t line = log.find("\"control API listens\"");
  const std::string key = "\"address\":\"";
  const std::size_t start = log.find(key, line);
  if (line == std::string::npos || start == std::string::npos) return "";
  const std::size_t first = start + key.size();
  return log.substr(first, log.find('"', first) - first);
}

}  // namespace

ServerProcess::ServerProcess(Process::Options options)
    : process_(FAULTLINE_BINARY, serving(std::move(options))) {
  const bool told = eventually([this] {
    address_ = api_address(log());
    return !address_.empty() || !process_.is_running();
  });
  if (!told || address_.empty()) throw std::runtime_error("faultline did not start:\n" + log());
}

void ServerProcess::kill() {
  process_.signal(SIGKILL);
  process_.wait();
  killed_ = true;
}

ServerProcess::~ServerProcess() {
  if (killed_) return;
  process_.signal(SIGTERM);
  const int status = process_.wait();
  const std::string said = log();
  if (status != 0 || has_sanitizer_report(said)) {
    UNSCOPED_INFO("faultline ended with status " << status << " and this log:\n" << said);
    CHECK(status == 0);
    CHECK_FALSE(has_sanitizer_report(said));
  }
}

std::size_t ServerProcess::resident_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid()) + "/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

std::size_t ServerProcess::open_files() const {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string World::add_proxy(const std::string& name, const std::string& upstream,
                             const std::string& toxics) {
  const Reply reply =
      api.post("/proxies", R"({"name":")" + name + R"(","listen":"127.0.0.1:0","upstream":")" +
                               upstream + R"(","toxics":[)" + toxics + "]}");
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  const std::string key = R"("listen":")";
  const std::size_t start = reply.body.find(key) + key.size();
  return reply.body.substr(start, reply.body.find('"', start) - start);
}

void World::add_toxic(const std::string& proxy, const std::string& toxic) {
  const Reply reply = api.post("/proxies/" + proxy + "/toxics", toxic);
  INFO(toxic << " -> " << reply.body);
  REQUIRE(reply.status == 200);
}

void World::change_toxic(const std::string& proxy, const std::string& toxic,
                         const std::string& change) {
  const Reply reply = api.patch("/proxies/" + proxy + "/toxics/" + toxic, change);
  INFO(change << " -> " << reply.body);
  REQUIRE(reply.status == 200);
}

void World::remove_toxic(const std::string& proxy, const std::string& toxic) {
  const Reply reply = api.remove("/proxies/" + proxy + "/toxics/" + toxic);
  INFO(reply.body);
  REQUIRE(reply.status == 204);
}

double World::metric(const std::string& sample) {
  const std::string text = "\n" + api.get("/metrics").body;
  const std::size_t at = text.find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
}

std::size_t scaled_down(std::size_t full) {
  const char* scale = std::getenv("FAULTLINE_TEST_SCALE");
  return scale == nullptr ? full : full / static_cast<std::size_t>(std::max(1, std::atoi(scale)));
}

bool is_fast_build() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_busy_machine() {
  static Clock::time_point looked_at;
  static bool busy = false;
  if (looked_at == Clock::time_point() || Clock::now() - looked_at > milliseconds(3000)) {
    busy = share_of_processors() < 0.85;
    looked_at = Clock::now();
  }
  return busy;
}

milliseconds bound(milliseconds fast) {
  return is_fast_build() && !is_busy_machine() ? fast : 10 * fast;
}

}  // namespace faultline::test
