// A filter made ready to match under one policy: what a worker asks of every decision while somebody
// observes, so names have become places in plain tables.
//
// What the keys mean:
//   denied                     the verdict is drop
//   interface                  one of the gates met belongs to the interface
//   group, acl, rule           a gate that one of its rules or its implicit deny decided: of a dropped packet
//                              the gate that refused it, of an accepted one any; `rule` together with `group`
//                              or `acl` means a rule of that one
//   protocol, port, source…    the packet's own; a packet that could not be parsed has none of them
//
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/expected.h"
#include "engine/decision.h"
#include "net/packet.h"
#include "observe/decision_filter.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

class BoundFilter {
 public:
  BoundFilter(const DecisionFilter& filter, const CompiledPolicy& policy, const CounterSlots& slots);

  // The policy whose decisions it understands.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] bool passes(const Expected<Packet, ParseError>& packet,
                            const Decision& decision) const noexcept;

 private:
  // By slot or by interface; empty when nothing is asked.
  using Table = std::vector<bool>;

  [[nodiscard]] bool passes(const Packet& packet) const noexcept;
  [[nodiscard]] bool passes(const Decision& decision) const noexcept;

  std::uint64_t generation_;
  DecisionFilter filter_;
  bool asks_for_packet_, asks_for_gates_;
  Table interfaces_;
  Table groups_, acls_, rules_;  // by slot
};

// What `filter` names and this policy does not have, a sentence each with the nearest spelling. What is only
// attached to nothing counts as unknown: no decision can name it.
[[nodiscard]] std::vector<std::string> unknown_names(const DecisionFilter& filter,
                                                     const CompiledPolicy& policy, const CounterSlots& slots);

}  // namespace vpcwall
