#include "bench/process_tree.h"

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <system_error>

#include "bench/child.h"

namespace faultline::bench {

namespace {

std::string proc_file(pid_t process, const char* name) {
  return "/proc/" + std::to_string(process) + "/" + name;
}

/// What proc(5) lists for /proc/PID/stat, from field 3 (the state) on; the name
/// before it may hold anything.
struct Stat {
  pid_t parent = 0;
  double ended_children_seconds = 0;
};

Stat stat_of(pid_t process) {
  const std::string text = read_file(proc_file(process, "stat"));
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  Stat stat;
  fields >> state >> stat.parent;
  double ticks[4] = {};  // utime, stime, cutime, cstime: fields 14 to 17.
  std::string skipped;
  for (int field = 5; field < 14; ++field) fields >> skipped;
  for (double& count : ticks) fields >> count;
  stat.ended_children_seconds = (ticks[2] + ticks[3]) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return stat;
}

double own_cpu_seconds(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// What a file of /proc says in kB behind `key`; 0 if nothing.
std::size_t bytes_of(const std::string& key, const std::string& file) {
  const std::size_t at = ("\n" + file).find("\n" + key + ":");
  if (at == std::string::npos) return 0;
  return 1024 * std::strtoull(file.c_str() + at + key.size() + 1, nullptr, 10);
}

}  // namespace

std::vector<pid_t> ProcessTree::processes() const {
  std::multimap<pid_t, pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const auto process = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    if (process > 0) children.emplace(stat_of(process).parent, process);
  }
  std::vector<pid_t> tree = {root_};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    const auto [first, last] = children.equal_range(tree[i]);
    for (auto child = first; child != last; ++child) tree.push_back(child->second);
  }
  return tree;
}

double ProcessTree::cpu_seconds() const {
  double sum = 0;
  for (const pid_t process : processes()) {
    sum += own_cpu_seconds(process) + stat_of(process).ended_children_seconds;
  }
  return sum;
}

std::size_t ProcessTree::open_files() const {
  std::size_t sum = 0;
  for (const pid_t process : processes()) {
    std::error_code gone;
    std::filesystem::directory_iterator file(proc_file(process, "fd"), gone);
    for (; !gone && file != end(file); file.increment(gone)) ++sum;
  }
  return sum;
}

Memory ProcessTree::memory() const {
  Memory sum;
  for (const pid_t process : processes()) {
    const std::string rollup = read_file(proc_file(process, "smaps_rollup"));
    const std::string status = read_file(proc_file(process, "status"));
    const bool is_exact = !rollup.empty();  // Not every kernel has it, nor may all read it.
    sum.resident_bytes += is_exact ? bytes_of("Pss", rollup) : bytes_of("VmRSS", status);
    sum.anonymous_bytes += is_exact ? bytes_of("Pss_Anon", rollup) : bytes_of("RssAnon", status);
  }
  return sum;
}

}  // namespace faultline::bench
