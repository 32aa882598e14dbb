// What a run of scenarios says, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scenario/outcome.h"
#include "scenario/scenario.h"

namespace vpcwall {

// Everything about a scenario that failed: each step that is not as expected, with the packet, the gates
// expected, the gates met, and the trace. Ends with a line end.
[[nodiscard]] std::string failure_text(const Scenario& scenario, const ScenarioOutcome& outcome,
                                       const std::string& file);

// {"id", "title", "covers": [...], "passed", "packets", "failures": [{"step", "line", "difference", ...}]}
[[nodiscard]] nlohmann::ordered_json to_json(const Scenario& scenario, const ScenarioOutcome& outcome);

// "drop: acl-ingress A deny *"
[[nodiscard]] std::string seen_text(const SeenPacket& seen);
// {"verdict", "reason", "gates": [...]}
[[nodiscard]] nlohmann::ordered_json to_json(const SeenPacket& seen);

[[nodiscard]] std::size_t packet_count(const Scenario& scenario) noexcept;

}  // namespace vpcwall
