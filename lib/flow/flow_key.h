// The identity of a flow at one interface: the same value for both directions.
//
// A flow is seen from the interface that tracks it: `local` is the address on the interface's side, `remote`
// the other one, whoever sent the packet. State belongs to an interface (C-47, C-67), so its number is part
// of the key, and a flow between two guarded interfaces has two entries.
//
// What stands in the port fields: TCP and UDP their ports (C-3); ICMP the identifier, and the query type with
// a bit that says which side asked (C-48), so that a query is only ever answered, never met by a query of the
// other side; other protocols nothing (C-5).
#pragma once

#include <cstdint>
#include <type_traits>

#include "net/address.h"
#include "net/protocol.h"

namespace vpcwall {

// A number that an interface keeps for the life of the process, over every reload.
using InterfaceNumber = std::uint32_t;

struct FlowKey {
  std::uint64_t local_high = 0, local_low = 0;
  std::uint64_t remote_high = 0, remote_low = 0;
  InterfaceNumber interface = 0;
  std::uint16_t local_port = 0, remote_port = 0;
  Protocol protocol = Protocol::no_next_header;
  Family family = Family::ipv4;
  std::uint16_t unused = 0;  // spells the padding out: every one of the 48 bytes belongs to a member
  std::uint32_t unused2 = 0;

  [[nodiscard]] IpAddress local() const noexcept { return {local_high, local_low, family}; }
  [[nodiscard]] IpAddress remote() const noexcept { return {remote_high, remote_low, family}; }
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};
static_assert(sizeof(FlowKey) == 48 && std::has_unique_object_representations_v<FlowKey>);

}  // namespace vpcwall
