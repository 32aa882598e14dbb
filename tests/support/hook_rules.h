// Plans, foreign rules and views of a namespace's ruleset, for tests of the hook back ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/hooks/hook_plan.h"
#include "support/network_namespace.h"

namespace vpcwall::test {

// All rules of the namespace as the tools print them, without the time of day and without counters: those
// move by themselves when a device that comes up says so to its neighbours.
[[nodiscard]] std::string ruleset(const NetworkNamespace& place);

[[nodiscard]] std::size_t occurrences(const std::string& text, const std::string& part);

// Guards the server's side of a RoutedPair.
[[nodiscard]] HookPlan router_plan(std::uint16_t first_queue = 0, std::uint16_t queue_count = 1);
// Guards an end of a RoutedPair.
[[nodiscard]] HookPlan host_plan(std::uint16_t first_queue = 0);

// Rules that are not ours, in our table and elsewhere; those in the table `filter` drop UDP to port 9. `kind`
// of iptables: "nft" or "legacy". The words "not yours" stand in them once per family.
void add_foreign_rules(const NetworkNamespace& place, const std::string& kind);

}  // namespace vpcwall::test
