// What the daemon tells about itself, as JSON: rules with their counters, and flows.
//
// Counters of all shards are added up; a shard's counters may be read beside its worker. Flows are copied out
// of each shard under its lock by the caller, then described here at leisure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/counters.h"
#include "flow/flow_table.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

// {"schema": "vpcwall/rules/1", "generation", "rules": [...], "gates": [...], "reasons": [...],
// "parse_errors": [...]} Rules that the policy no longer has keep their counters and are listed with
// "active": false.
[[nodiscard]] nlohmann::ordered_json rules_report(const CompiledPolicy& policy, const CounterSlots& slots,
                                                  std::span<const Counters* const> shards, TimePoint now);

// Flows as rows of a report, some at a time.
class FlowRows {
 public:
  FlowRows(const CompiledPolicy& policy, const CounterSlots& slots);
  [[nodiscard]] nlohmann::ordered_json row(const Flow& flow, TimePoint now) const;

 private:
  const CounterSlots& slots_;
  std::map<InterfaceNumber, std::string> names_;
};

// {"schema": "vpcwall/flows/1", "total", "flows": [...]}; `total` may be more than the flows given.
[[nodiscard]] nlohmann::ordered_json flows_report(const CompiledPolicy& policy, const CounterSlots& slots,
                                                  std::span<const Flow> flows, std::size_t total,
                                                  TimePoint now);

}  // namespace vpcwall
