#pragma once

#include <string>

namespace faultline::bench {

/// Where absolute figures were measured, e.g. "2 cores, AMD EPYC, Linux 6.1.0 x86_64".
struct Machine {
  std::string cores;
  std::string cpu;
  std::string kernel;

  std::string text() const { return cores + " cores, " + cpu + ", " + kernel; }
};

Machine this_machine();

}  // namespace faultline::bench
