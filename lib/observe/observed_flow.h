// What tells one flow from another for an observer, and what is said of it: a line is told when either is
// new.
//
// Unlike the flow table's, such a flow has a direction: a request and its reply are told apart, and so are
// the two sides of a host that judges each of them on its own. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/expected.h"
#include "engine/decision.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct ObservedFlow {
  IpAddress source, destination;
  Protocol protocol = Protocol::no_next_header;
  Transport transport = Transport::none;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t icmp_type = 0, icmp_code = 0;
  std::uint16_t icmp_identifier = 0;
  std::optional<ParseError> parse_error;      // all packets that cannot be parsed for one reason are one flow
  std::optional<InterfaceNumber> first_side;  // whose gate was the first that the packet met
  friend bool operator==(const ObservedFlow&, const ObservedFlow&) = default;
};

[[nodiscard]] ObservedFlow observed_flow(const Expected<Packet, ParseError>& packet, const Decision& decision,
                                         const CompiledPolicy& policy) noexcept;
[[nodiscard]] std::uint64_t hash_of(const ObservedFlow& flow) noexcept;

// Verdict, reason and the rules that decided. That a flow which a rule has opened is tracked from then on is
// no change: the same rule still lets it pass.
struct Said {
  Verdict verdict = Verdict::drop;
  Reason reason = Reason::malformed;
  std::uint8_t gate_size = 0;
  std::array<Gate, max_gates> gates{};
  std::array<CounterSlot, max_gates> rules{};
  friend bool operator==(const Said&, const Said&) = default;
};

[[nodiscard]] Said said_by(const Decision& decision) noexcept;

}  // namespace vpcwall
