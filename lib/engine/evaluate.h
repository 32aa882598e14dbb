// evaluate(): the only code in the project that judges a packet.
//
// It reads a policy, a flow table and a question, and answers with a Decision; it writes nothing, so the same
// call serves live traffic (Shard::judge applies the effects), explain, tests, replay and simulation. It is
// the decision procedure of the AWS semantics, gate by gate:
//
//   leaving a guarded interface:   source/destination check, SG egress, network ACL egress
//   entering a guarded interface:  network ACL ingress, source/destination check, SG ingress
//
// The ACL gates are asked only when the packet crosses the subnet's boundary (N-10, O-4), and for every such
// packet, tracked or not (O-14). The first refusal ends the journey (O-2). A side's flow effect is part of
// the decision once all gates of that side accepted, whatever the other side says (C-66). Of a side that
// refused only one is: a closed flow whose tuple a new SYN takes is gone all the same (C-29).
//
// Pure, noexcept with a null trace, no allocation with a null trace. Any thread, as long as nobody changes
// `flows` meanwhile.
#pragma once

#include "engine/decision.h"
#include "engine/journey.h"
#include "engine/trace.h"
#include "flow/flow_allowance.h"
#include "flow/flow_shares.h"
#include "flow/flow_table.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct Question {
  const Packet& packet;
  Journey journey;
  TimePoint now;
  // An ICMP error whose quoted flow is tracked by another shard; looked at under icmp_related: linux only.
  bool related_elsewhere = false;
};

// What one shard remembers, as evaluate() may see it.
struct FlowView {
  const FlowTable& flows;
  const FlowAllowance& allowance;
  const FlowShares* shares = nullptr;  // null: the table is not divided
};

[[nodiscard]] Decision evaluate(const CompiledPolicy& policy, FlowView state, const Question& question,
                                Trace* trace = nullptr);

// Would packets of this tcp or udp flow pass without state (C-8 to C-15)? The question that evaluate() asks
// of a packet, asked of a flow: a configuration change discards the flows for which the answer became yes
// (C-25).
[[nodiscard]] bool is_untracked(const CompiledPolicy& policy, const CompiledInterface& interface,
                                const FlowKey& flow) noexcept;

// Whether a change to `policy` has ended the flow: it is now untracked (C-25), or its interface is gone
// (C-67).
[[nodiscard]] bool has_ended(const CompiledPolicy& policy, const FlowKey& flow) noexcept;

}  // namespace vpcwall
