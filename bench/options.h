#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/suite.h"

namespace faultline::bench {

/// A proxy that runs already: --peer NAME=PORT=PID.
struct PeerOption {
  std::string name;
  std::uint16_t port = 0;
  int process = 0;
};

/// What the user asks for.
struct Options {
  std::string help;  ///< What is to be printed instead of all else; "": nothing.
  Scale scale = Scale::kFull;
  std::size_t rounds = 0;     ///< 0: as the scale has it.
  double window_seconds = 0;  ///< 0: as the scale has it.
  double soak_seconds = 0;    ///< 0: no soak but all the rest.
  bool checks_memory = true;  ///< Of a soak.
  std::size_t workers = 1;
  std::vector<std::string> contenders = {"direct", "faultline", "nginx", "haproxy", "socat"};
  std::vector<std::string> workloads;  ///< Names, or how they begin; empty is all.
  std::vector<PeerOption> peers;
  std::uint16_t origin_port = 0;  ///< 0: any that is free.
  std::string faultline_binary;   ///< "": beside this program.
  std::string json_path;          ///< "": none.
  std::string svg_path;           ///< "": none.
};

/// Errors: kInvalid, one line for people.
Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace faultline::bench
