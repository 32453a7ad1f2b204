#include "bench/machine.h"

#include <sys/utsname.h>

#include <algorithm>
#include <thread>

#include "bench/child.h"

namespace faultline::bench {

namespace {

/// The value of the first line of /proc/cpuinfo that starts with `key`; "" if there is none.
std::string cpu_field(const std::string& key) {
  const std::string text = "\n" + read_file("/proc/cpuinfo");
  const std::size_t line = text.find("\n" + key);
  const std::size_t colon = text.find(": ", line);
  if (line == std::string::npos || colon == std::string::npos) return "";
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

}  // namespace

Machine this_machine() {
  utsname kernel{};
  uname(&kernel);
  const std::string cpu = cpu_field("model name");
  return {.cores = std::to_string(std::max(1U, std::thread::hardware_concurrency())),
          .cpu = cpu.empty() ? "unknown CPU" : cpu,
          .kernel = std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine};
}

}  // namespace faultline::bench
