// What an observer is told, line by line, as JSON:
//
//   {"schema": "vpcwall/observe/1", "event": "begin", "generation": 1, "fast_path": "flows", ...}
//   {"event": "decision", "sequence": 12, "time": 1795684313.123, "generation": 1, "packet": {...},
//    "verdict": "drop", "reason": "no-group-rule", "gates": [...], "before": null or {...}}
//   {"event": "repeat", "of": 12, "count": 1204, "packet": {...}, "verdict", "reason", "decided_by": {...}}
//   {"event": "missed", "count": 2311}
//   {"event": "policy", "generation": 2, "unknown": [...]}
//   {"event": "end", "decisions": 3528, "told": 13, "repeated": 1204, "missed": 2311}
//
// Packets and decisions look as in the answer to `decisions`. Control thread: it is the one that owns
// `slots`.
#pragma once

#include <nlohmann/json.hpp>

#include "observe/observation_cell.h"
#include "policy/counter_slots.h"

namespace vpcwall {

// `time`: seconds since 1970.
[[nodiscard]] nlohmann::ordered_json decision_event(const ObservedChange& change, const CounterSlots& slots,
                                                    double time);
// `policy` is the one in force now; an interface that it no longer has is not named.
[[nodiscard]] nlohmann::ordered_json repeat_event(const Repeats& repeats, const CompiledPolicy& policy,
                                                  const CounterSlots& slots);

}  // namespace vpcwall
