#include "daemon/control/decisions_report.h"

#include "engine/decision_json.h"
#include "replay/packet_json.h"

namespace vpcwall {

nlohmann::ordered_json decisions_report(const EventTap::Reading& reading, const CounterSlots& slots,
                                        TimePoint now) {
  nlohmann::ordered_json report;
  report["schema"] = "vpcwall/decisions/1";
  report["next"] = reading.next;
  report["missed"] = reading.missed;
  auto& rows = report["decisions"] = nlohmann::ordered_json::array();
  for (const Event& event : reading.events) {
    nlohmann::ordered_json row;
    row["sequence"] = event.sequence;
    row["seconds_ago"] = std::chrono::duration<double>(now - event.at).count();
    row["generation"] = event.policy->generation;
    if (event.packet) {
      row["packet"] = to_json(*event.packet);
    } else {
      row["packet"] = nullptr;
      row["parse_error"] = to_string(event.packet.error());
    }
    row.update(to_json(event.decision, *event.policy, slots));
    rows.push_back(std::move(row));
  }
  return report;
}

}  // namespace vpcwall
