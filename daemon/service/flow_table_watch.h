// Says in the log that a worker's flow table fills up, before it refuses anyone and when it does (C-57,
// C-60).
//
//   FlowTableWatch watch;
//   watch.look(firewall.flow_table_use());     // once a second or so
//
// Each is said once for a table, and again only after its shared part was seen below `calm`. Control thread
// only.
#pragma once

#include <cstdint>
#include <vector>

#include "flow/flow_table_use.h"

namespace vpcwall {

class FlowTableWatch {
 public:
  // Of the part of a table that is for every interface.
  static constexpr double warning = 0.8, calm = 0.7;

  // The tables of all workers, in their order.
  void look(const std::vector<FlowTableUse>& tables);

 private:
  enum class Said : std::uint8_t { nothing, fills, full };
  std::vector<Said> said_;
};

}  // namespace vpcwall
