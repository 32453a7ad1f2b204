#pragma once

#include <string>
#include <variant>
#include <vector>

#include "bench/bulk_load.h"
#include "bench/connect_load.h"
#include "bench/contender.h"
#include "bench/echo_load.h"
#include "bench/metric.h"

namespace faultline::bench {

/// Connections that do nothing but be there.
struct IdleSettings {
  std::size_t connections = 1000;
};

/// One kind of load that all contenders are put under.
struct Workload {
  std::string name;   ///< For --workloads: "echo-64".
  std::string title;  ///< For people.
  std::variant<EchoSettings, BulkSettings, ConnectSettings, IdleSettings> settings;
  std::vector<Metric> headline;  ///< What the chart shows, one or two.
  std::size_t rounds = 3;        ///< How often each contender has its turn.
};

/// One round of a workload on one contender.
struct Round {
  Sample sample;        ///< Empty if nothing was measured.
  std::string failure;  ///< What was lost, wrong or refused; "" if all went well.
};

/// `window` is of no meaning for idle connections.
Round run_round(const Workload& workload, Contender& contender, const Window& window);

}  // namespace faultline::bench
