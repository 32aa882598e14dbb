// What the workers decided, as the JSON that the verb `decisions` answers:
//
//   {"schema": "vpcwall/decisions/1", "next": 7, "missed": 0, "decisions": [
//     {"sequence": 6, "seconds_ago": 0.2, "generation": 1, "packet": {...},
//      "verdict": "drop", "reason": "no-group-rule", "gates": [...]}]}
//
// Packets are written as people write them for `simulate`, decisions as `simulate` prints them. What could
// not be parsed has "packet": null and "parse_error". Control thread: it is the one that owns `slots`.
#pragma once

#include <nlohmann/json.hpp>

#include "policy/counter_slots.h"
#include "runtime/event_tap.h"

namespace vpcwall {

// `now` is what the workers' clock says.
[[nodiscard]] nlohmann::ordered_json decisions_report(const EventTap::Reading& reading,
                                                      const CounterSlots& slots, TimePoint now);

}  // namespace vpcwall
