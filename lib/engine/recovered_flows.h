// The flows that the kernel passed on by itself for a process that is no more, read from the memory that it
// shared with the kernel's programs.
//
//   for (const Flow& flow : recovered_flows(records, *policy, now)) waiting.add(flow, …);
//
// A record says of each tracked side whose interface it is, when it began and where it stands. Interfaces are
// found by a digest of their ids: those that the policy does not have, and what is not a record of ours, are
// left out. Packets and bytes are those that the kernel has counted. The records may change while they are
// read.
#pragma once

#include <span>
#include <vector>

#include "fast_path/layout.h"
#include "flow/flow_table.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

[[nodiscard]] std::vector<Flow> recovered_flows(std::span<const fast_path::flow_record> records,
                                                const CompiledPolicy& policy, TimePoint now);

// The flows that had ended by what the kernel saw, with their last packet: no older account of them, opened
// before that packet, is true any more.
[[nodiscard]] std::vector<Flow> flows_that_ended(std::span<const fast_path::flow_record> records,
                                                 const CompiledPolicy& policy, TimePoint now);

}  // namespace vpcwall
