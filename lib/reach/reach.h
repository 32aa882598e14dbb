// Who can reach whom, on which protocols and ports, and whether the answer comes back.
//
//   const auto reach = find_reach(policy, {});                 // or the reason why there is no answer
//   for (const ReachLine& line : reach->lines) …
//
// A request reaches when every gate on its way accepts it as the first packet of its flow; its reply is
// judged with the state that the request left (a security group remembers, a network ACL does not). Both are
// asked of the engine, one witness for each slice of traffic between two classes of addresses that no rule
// tells apart: the symbolic part chooses the question, evaluate() alone answers it. So what holds for the
// witness holds for the slice, and lines that are said together were each asked.
//
// A packet goes straight from one address to the other: what a NAT gateway or another middlebox forwards is a
// packet of its own. A host that talks to itself meets no gate (O-5), nor does traffic between two addresses
// that are no interface's: neither is told.
//
// Cost: for each pair of classes one exchange for each slice and range of client ports that the rules of the
// two interfaces tell apart. At most `max_exchanges` of them. Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "engine/decision.h"
#include "explain/client_ports.h"
#include "policy/counter_slots.h"
#include "reach/line.h"

namespace vpcwall {

inline constexpr std::uint64_t default_max_exchanges = 20'000'000;

struct ReachOptions {
  // From where clients ask (N-35 to N-40); a reply that passes to some of them only is partly answered.
  PortRange client_ports = linux_client_ports;
  std::optional<Protocol> protocol;
  std::string from, to;     // an endpoint by name or id, or an address; empty: all
  bool everything = false;  // also unassigned addresses, AWS's services, loopback, link-local, multicast
  std::uint64_t max_exchanges = default_max_exchanges;
};

enum class ReplyFate : std::uint8_t {
  passes,
  partly,   // to some of the client ports that reached
  blocked,  // half open: what reaches is never answered
  none,     // an ICMP message that nobody answers
};
[[nodiscard]] std::string_view to_string(ReplyFate fate) noexcept;

struct Reachable {
  std::vector<PortRange> clients;   // from which client ports; tcp and udp only
  std::vector<PortRange> answered;  // to which of them the reply passes
  ReplyFate reply = ReplyFate::passes;
  std::optional<GateOutcome> refusal;  // of the first reply that does not pass
  friend bool operator==(const Reachable& a, const Reachable& b) noexcept;
};
using ReachLine = Line<Reachable>;

struct Reach {
  EndpointMap endpoints;
  PerFamily<TrafficSpace> spaces;
  std::vector<ReachLine> lines;
  std::vector<std::size_t> from, to;  // the endpoints that were asked about, ascending
  PortRange client_ports;
  std::uint64_t exchanges = 0;
  std::shared_ptr<const CompiledPolicy> policy;  // of `refusal`
  CounterSlots slots;
};

// The mistake says what was found and what to do about it.
[[nodiscard]] Expected<Reach, std::string> find_reach(const Policy& policy, const ReachOptions& options);

}  // namespace vpcwall
