// The words of a decision: gate, outcome, reason, verdict, and what applying it would do to the flow table.
//
// A Decision is a fixed-size value without pointers: workers make one per packet. Every enumerator has a name
// (to_string) that is part of the JSON interface: names may be added, never changed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "flow/flow_table.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

enum class Verdict : std::uint8_t { drop, accept };

// A checkpoint on a packet's way, in the words of the semantics: SD, SO/SI, NO/NI, EX.
enum class Gate : std::uint8_t {
  exempt,             // E-16 to E-21
  source_dest_check,  // D-1 to D-6
  acl_ingress,        // NI
  acl_egress,         // NO
  sg_ingress,         // SI
  sg_egress,          // SO
};
inline constexpr std::size_t gate_count = 6;
[[nodiscard]] constexpr bool is_acl(Gate gate) noexcept {
  return gate == Gate::acl_ingress || gate == Gate::acl_egress;
}

enum class Outcome : std::uint8_t {
  allow,       // ACL: an allow entry matched first
  deny,        // ACL: a deny entry or `*`; SG: no rule; source/destination check: foreign address
  fresh,       // SG: allowed by a rule, a flow is opened ("new")
  tracked,     // SG: allowed by a flow (C-1)
  untracked,   // SG: allowed by rules that leave no state (C-8)
  no_state,    // SG: allowed by a rule, but this packet cannot open a flow (C-43, C-48, C-53)
  pmtud,       // SG: path-MTU exception (C-50)
  table_full,  // SG: would open a flow, no room (C-60)
  exempt,      // not filtered
};
inline constexpr std::size_t outcome_count = 9;

// Why the packet got its verdict; one per packet, counted.
enum class Reason : std::uint8_t {
  passed,             // every gate accepted
  exempt,             // E-16 to E-21
  not_guarded,        // no guarded interface takes part
  loopback,           // a host talking to itself (O-5)
  source_dest_check,  // D-1 to D-6
  acl_entry,          // a numbered deny entry
  acl_default,        // the `*` entry
  no_group_rule,      // S-6
  flow_table_full,    // C-60
  malformed,          // the IP header lies about itself
  fragment,           // not reassembled (C-64)
};
inline constexpr std::size_t reason_count = 11;

// What becomes of a packet for that reason.
[[nodiscard]] constexpr Verdict verdict_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::passed:
    case Reason::exempt:
    case Reason::not_guarded:
    case Reason::loopback: return Verdict::accept;
    case Reason::source_dest_check:
    case Reason::acl_entry:
    case Reason::acl_default:
    case Reason::no_group_rule:
    case Reason::flow_table_full:
    case Reason::malformed:
    case Reason::fragment: return Verdict::drop;
  }
  return Verdict::drop;  // GCOVR_EXCL_LINE: every value has its case
}

// Why a packet that could not be parsed is dropped.
[[nodiscard]] constexpr Reason reason_of(ParseError error) noexcept {
  return error == ParseError::fragment ? Reason::fragment : Reason::malformed;
}

[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;
[[nodiscard]] std::string_view to_string(Gate gate) noexcept;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;

// What one gate said.
struct GateOutcome {
  Gate gate = Gate::exempt;
  Outcome outcome = Outcome::deny;
  InterfaceIndex interface =
      no_interface;                // none: the gate is a subnet's, for an address that none has (O-20)
  CounterSlot rule = no_slot;      // the rule, entry, `*` or implicit deny that decided
  SubnetIndex subnet = no_subnet;  // of a network ACL's gate, and of a check at no interface
};

// Where a gate is, by name: at a subnet's edge or at an interface. Not for traffic that is exempt.
[[nodiscard]] inline const std::string& place_of(const CompiledPolicy& policy, const GateOutcome& gate) {
  const bool at_edge = is_acl(gate.gate) || gate.interface == no_interface;
  return at_edge ? policy.subnets.at(gate.subnet).name : policy.interfaces.at(gate.interface).name;
}

// What a packet does to one interface's flow state once all gates of that side accepted it (C-66). A side
// that refused it has no effect but `erase`.
struct FlowEffect {
  enum class Kind : std::uint8_t {
    none,
    open,
    touch,
    replace,  // the closed flow goes first (C-29)
    erase     // the closed flow goes, and nothing takes its place, whatever the side says (C-29)
  };
  Kind kind = Kind::none;
  FlowKey key;
  Originator originator = Originator::local;          // open, replace
  CounterSlot opened_by = no_slot;                    // open, replace
  FlowDirection direction = FlowDirection::original;  // touch
  FlowTimeouts timeouts;
};

inline constexpr std::size_t max_gates = 6;
inline constexpr std::size_t max_sides = 2;

struct Decision {
  Verdict verdict = Verdict::drop;
  Reason reason = Reason::malformed;
  std::uint8_t gate_size = 0;
  std::uint8_t effect_size = 0;
  std::array<GateOutcome, max_gates> gates{};   // in the order met; the last one refused, if any did
  std::array<FlowEffect, max_sides> effects{};  // of sides that accepted, or an `erase`
};

}  // namespace vpcwall
