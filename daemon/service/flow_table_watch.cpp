#include "daemon/service/flow_table_watch.h"

#include <spdlog/spdlog.h>

#include "daemon/log/log.h"

namespace vpcwall {
namespace {

void say(spdlog::level::level_enum level, std::size_t worker, const FlowTableUse& table,
         const char* consequence) {
  log_event(
      level, {{"EVENT", "flow-table"}, {"WORKER", std::to_string(worker)}},
      fmt::format("flow table of worker {}: {} of {} flows beyond the interfaces' shares are in use; {}",
                  worker, table.shared_used, table.shared_size, consequence));
}

}  // namespace

void FlowTableWatch::look(const std::vector<FlowTableUse>& tables) {
  said_.resize(tables.size(), Said::nothing);
  for (std::size_t worker = 0; worker < tables.size(); ++worker) {
    const FlowTableUse& table = tables[worker];
    const auto used = static_cast<double>(table.shared_used), size = static_cast<double>(table.shared_size);
    Said& said = said_[worker];
    if (table.shared_used >= table.shared_size && said != Said::full) {
      said = Said::full;
      say(spdlog::level::err, worker, table,
          "an interface beyond its share gets no new flow there until one ends");
    } else if (used >= warning * size && said == Said::nothing) {
      said = Said::fills;
      say(spdlog::level::warn, worker, table, "raise flows_per_worker, or find out who opens them");
    } else if (used < calm * size) {
      said = Said::nothing;
    }
  }
}

}  // namespace vpcwall
