// What is at /metrics and /healthz: made from the answers of the control socket, so that there is one source
// of numbers.
//
// Counters begin at 0 with the process, as Prometheus expects of one that starts anew; what processes before
// it had counted is left out. Collecting asks every worker. However often somebody asks, it is done at most
// once in `fresh_for`; until then the same text is given again. Control thread only.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "daemon/control/commands.h"
#include "daemon/metrics/http_server.h"

namespace vpcwall {

class MetricsPage {
 public:
  static constexpr Duration fresh_for = std::chrono::milliseconds(100);

  // `most_rules` have metrics of their own.
  MetricsPage(Commands& commands, std::size_t most_rules) : commands_(commands), most_rules_(most_rules) {}

  [[nodiscard]] HttpAnswer metrics();
  [[nodiscard]] HttpRoutes routes();

 private:
  Commands& commands_;
  std::size_t most_rules_;
  TimePoint collected_{};
  nlohmann::ordered_json inherited_;  // read once
  std::string text_;
};

}  // namespace vpcwall
