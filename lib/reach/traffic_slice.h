// What the rules between two addresses tell apart besides the addresses: slices of traffic, and how they are
// said.
//
//   const TrafficSpace space = traffic_space(Family::ipv4, policies);
//   SliceCuts cuts(space, client_ports);
//   cuts.add(policy, leaves, enters, source, destination);
//   for (const TrafficSlice& slice : cuts.slices()) …
//
// A rule tells protocols, destination ports and ICMP types and codes apart (S-57 to S-67), so between two
// addresses every packet of a slice, sent from one of the ranges of client ports, meets the same fate; so
// does its reply, whose destination port is the client's. Pure values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/compiled_policy.h"
#include "reach/endpoints.h"

namespace vpcwall {

// Packets of one protocol: tcp and udp by destination port; the family's own ICMP by type and code, as
// type * 256 + code; other protocols whole.
struct TrafficSlice {
  Protocol protocol = Protocol::tcp;
  std::uint16_t first = 0, last = 0;
  bool unnamed = false;  // stands for all protocols that no rule names; `protocol` is one of them

  friend bool operator==(const TrafficSlice&, const TrafficSlice&) = default;
};

// Protocol 1 in IPv4, 58 in IPv6: in the other family they are protocols like any other (S-66).
[[nodiscard]] bool is_own_icmp(Family family, Protocol protocol) noexcept;

// The protocols of a family, as far as they are told apart.
struct TrafficSpace {
  Family family = Family::ipv4;
  std::vector<Protocol> named;    // without ports or types, ascending
  std::vector<Protocol> unnamed;  // all others but tcp, udp and the family's ICMP, ascending
  // Where ICMP is cut because only a query is answered (C-48), as type * 256.
  std::vector<std::uint32_t> queries;
};
[[nodiscard]] TrafficSpace traffic_space(Family family, std::span<const PolicyForms> policies);

class SliceCuts {
 public:
  SliceCuts(const TrafficSpace& space, PortRange client_ports);

  // Those rules and entries that may match a request from `source` to `destination`, or its reply: what
  // speaks of other peers tells nothing apart between these two.
  void add(const CompiledPolicy& policy, const GuardedBy& leaves, const GuardedBy& enters,
           const IpAddress& source, const IpAddress& destination);

  // Every slice of the family; or of one protocol.
  [[nodiscard]] std::vector<TrafficSlice> slices(std::optional<Protocol> only);
  // The client ports, cut where a reply's fate may change; of what has no ports one range that means nothing.
  [[nodiscard]] std::vector<PortRange> clients(Protocol protocol);
  // Whether a request's own fate may depend on its client port: no rule looks at it (S-61), but DHCP is told
  // by it.
  [[nodiscard]] bool looks_at_client(Protocol protocol) const noexcept;

 private:
  // Where ranges start, besides at 0.
  using Starts = std::vector<std::uint32_t>;

  void add(const CompiledTraffic& traffic, bool of_request);
  void cut_icmp(std::uint8_t type, std::int16_t code);  // -1: any code
  void add_side(const CompiledPolicy& policy, const GuardedBy& side, Direction request,
                const IpAddress& peer);
  [[nodiscard]] static std::vector<PortRange> ranges(Starts& starts, PortRange within);

  const TrafficSpace& space_;
  PortRange client_ports_;
  Starts tcp_, udp_, icmp_;         // destination ports, types and codes
  Starts tcp_client_, udp_client_;  // what is the destination port of a reply
};

// Ranges that touch as one.
[[nodiscard]] std::vector<PortRange> joined(std::vector<PortRange> ranges);

// Whether `next`, which follows `slice`, can be said in one with it: "tcp 80-443", "icmp type 3 code 0-4".
// Then `slice` becomes both.
[[nodiscard]] bool extend(TrafficSlice& slice, const TrafficSlice& next, Family family) noexcept;

// In the order tcp, udp, ICMP, others; what can be said in one as one.
[[nodiscard]] std::vector<TrafficSlice> ordered_slices(std::vector<TrafficSlice> slices, Family family);

// "tcp 443", "icmp type 8", "icmp type 3 code 0-3", "protocol 47", "other protocols".
[[nodiscard]] std::string describe(const TrafficSlice& slice, Family family);
// "tcp 22, 443; udp 53; icmp type 8"; "all" where nothing is missing.
[[nodiscard]] std::string describe(std::span<const TrafficSlice> slices, const TrafficSpace& space);
[[nodiscard]] std::string describe(std::span<const PortRange> ports);

// " from client ports 67-68" where they are not `all`; otherwise nothing.
[[nodiscard]] std::string describe_clients(std::span<const PortRange> clients, PortRange all);

// The request that stands for the slice: a SYN of tcp, no quote in ICMP, a hop limit of 64. A client port
// means something for tcp and udp only.
[[nodiscard]] Packet witness_packet(const TrafficSlice& slice, const IpAddress& source,
                                    const IpAddress& destination, PortRange client_ports);

}  // namespace vpcwall
