#include "bench/disturbance.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "bench/child.h"
#include "bench/metric.h"
#include "bench/poller.h"

namespace faultline::bench {

namespace {

constexpr double kBearableShare = 0.05;  // Of all cores.

/// CPU time of all processes, and what a hypervisor gave to others; see proc(5).
double all_cpu_seconds() {
  std::istringstream fields(read_file("/proc/stat"));
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double skipped = 0;
  double steal = 0;
  fields >> name >> user >> nice >> system;
  for (int i = 0; i < 4; ++i) fields >> skipped;  // idle, iowait, irq, softirq
  fields >> steal;
  return (user + nice + system + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// Whether the kernel has begun to make TCP's windows small.
bool is_tcp_memory_short() {
  const std::string used = read_file("/proc/net/sockstat");
  const std::size_t line = used.find("TCP:");
  const std::size_t mem = used.find(" mem ", line);
  if (line == std::string::npos || mem == std::string::npos) return false;
  std::istringstream limits(read_file("/proc/sys/net/ipv4/tcp_mem"));
  double low = 0;
  double pressure = 0;
  limits >> low >> pressure;
  return pressure > 0 && std::strtod(used.c_str() + mem + 5, nullptr) > low;
}

}  // namespace

Disturbance::Disturbance(const std::vector<pid_t>& peers) : started_(now()) {
  ours_.emplace_back(getpid());
  for (const pid_t peer : peers) ours_.emplace_back(peer);
  our_cpu_at_start_ = our_cpu_seconds();
  all_cpu_at_start_ = all_cpu_seconds();
  is_tcp_memory_short_ = is_tcp_memory_short();
}

double Disturbance::our_cpu_seconds() const {
  double sum = 0;
  for (const ProcessTree& tree : ours_) sum += tree.cpu_seconds();
  return sum;
}

std::vector<std::string> Disturbance::warnings() const {
  std::vector<std::string> lines;
  const double ours = our_cpu_seconds() - our_cpu_at_start_;
  const double all = all_cpu_seconds() - all_cpu_at_start_;
  const auto cores = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  const double elapsed = std::chrono::duration<double>(now() - started_).count();
  const double share = std::max(0.0, all - ours) / (elapsed * cores);
  if (share > kBearableShare) {
    lines.push_back("other processes used " + format_number(100 * share) +
                    " % of the CPU meanwhile: throughput and latencies are worse than they "
                    "could be, and uneven");
  }
  if (is_tcp_memory_short_) {
    lines.emplace_back(
        "the machine's memory for TCP (net.ipv4.tcp_mem) was short from the start: "
        "bulk transfers are slower than they could be");
  }
  return lines;
}

}  // namespace faultline::bench
