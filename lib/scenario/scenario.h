// A scenario: a policy, steps in time, and what is expected of each; the values that a scenario file becomes.
//
// The file's format is vpcwall-scenario(5). Changes of configuration are already carried out here: each names
// the whole policy that is in force after it, or why it was refused, so that whoever runs a scenario (a
// simulation, a lab with real packets) needs no knowledge of edits. Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "engine/decision.h"
#include "lint/audit.h"
#include "policy/diagnostic.h"
#include "policy/policy.h"
#include "record/flow_record.h"
#include "replay/step.h"

namespace vpcwall {

// One gate that a packet is expected to meet, "acl-ingress A allow 100".
struct ExpectedGate {
  Gate gate = Gate::exempt;
  std::string
      place;  // ACL: the subnet's name; SG and source/destination check: the interface's; exempt: empty
  Outcome outcome = Outcome::exempt;
  std::string rule;  // ACL: the number or `*`; SG: the group whose rule allowed, empty: any
  friend bool operator==(const ExpectedGate&, const ExpectedGate&) = default;
};

// A piece of a datagram: bytes [first, last) of what follows the IP header. `last` of the piece that ends the
// datagram is its payload's length; all others are multiples of eight.
struct FragmentRange {
  std::uint32_t first = 0, last = 0;
  friend bool operator==(const FragmentRange&, const FragmentRange&) = default;
};

// What is expected to become of a packet. `held`: a fragment that waits for the others of its datagram
// (C-64).
enum class Fate : std::uint8_t { accept, drop, held };

struct PacketCheck {
  PacketStep injected;
  std::vector<FragmentRange> fragments;  // in the order sent; empty: one whole packet
  std::uint32_t datagram_length = 0;     // payload bytes of the whole datagram, when there are fragments
  std::uint32_t datagram = 0;            // fragments of equal numbers belong together
  std::vector<ExpectedGate> gates;       // in the order met; a gate that is not listed must not be met
  Fate fate = Fate::accept;
  std::optional<Reason> reason;  // none: any
};

struct Wait {
  Duration duration{};
};

// A change of configuration: edits, or a whole new policy.
struct Change {
  std::optional<Policy> after;          // none: it was refused, and the policy before stays in force
  std::vector<Diagnostic> diagnostics;  // why it was refused
  std::optional<std::string> refused;   // expected: an AWS error code; none: expected to be accepted
};

// Counters and state, as they are expected to stand.
struct StateCheck {
  std::optional<std::uint64_t> flows;                         // live entries of all interfaces
  std::optional<std::uint64_t> conntrack_allowance_exceeded;  // packets refused by a full table (C-58)
};

// The end of a flow log interval, and the records that are expected of it, one line each.
struct FlowLogCheck {
  std::string format;
  std::optional<RecordAction> action;  // only records of this action are looked at (F-2)
  std::vector<std::string> records;
};

// What an audit rule is expected to say of one group or network ACL.
struct AuditCheck {
  std::string rule;    // AWS Config's identifier
  std::string object;  // id of the group or ACL
  AuditOptions options;
  Compliance expected = Compliance::compliant;
};

struct ScenarioStep {
  std::string text;  // as written, for reports: "tcp S x:40000 > a1:443"
  SourcePosition at;
  std::variant<PacketCheck, Wait, Change, StateCheck, FlowLogCheck, AuditCheck> what;
};

struct Scenario {
  std::string id;
  std::string title;
  std::vector<std::string> covers;  // fact numbers
  std::string note;
  Policy policy;
  std::vector<ScenarioStep> steps;
  SourcePosition at;
};

struct ScenarioFile {
  std::string title;
  // Names by SourcePosition::file: this file first, then those that it names, as written there.
  std::vector<std::string> sources;
  std::optional<Policy> policy;  // of a case that writes none; none: what the cases share is no policy alone
  std::vector<Scenario> scenarios;
};

}  // namespace vpcwall
