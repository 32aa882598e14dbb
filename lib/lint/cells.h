// Ranges of packets, cut into pieces inside which no rule at hand can tell one packet from another.
//
//   Cuts cuts;
//   for (entry : entries) cuts.at(entry.traffic), cuts.at(entry.cidr);
//   for (const Cell& cell : cuts.cells(traffic, peer)) …                    // one witness each
//
// A cell is a range of TrafficKind times a range of peer addresses; if one packet of it is judged, all are.
// This is how finitely many witnesses speak for all packets. Packets whose transport header is cut or cannot
// be found (S-68, S-69) are left out: they are an attack or an accident, and no policy is written for them.
#pragma once

#include <array>
#include <vector>

#include "net/packet.h"
#include "policy/compiled_traffic.h"
#include "policy/policy.h"

namespace vpcwall {

struct Cell {
  TrafficKind kind =
      0;  // the first of its kinds; all are of one protocol, or of those that we do not look into
  TrafficKind last_kind = 0;
  IpAddress first, last;  // peers
};

[[nodiscard]] Protocol protocol_of(TrafficKind kind) noexcept;
// The kinds of whole packets that traffic speaks of; empty (first > last) when there are none.
[[nodiscard]] TrafficKinds whole_kinds(const CompiledTraffic& traffic) noexcept;
// As the entry of a network ACL is matched: with an IPv4 range, icmpv6 is a number without types (N-19).
[[nodiscard]] CompiledTraffic traffic_of(const NetworkAclEntry& entry);

// The address that follows a prefix; after the very last one comes the first.
[[nodiscard]] IpAddress after(const Prefix& prefix) noexcept;
// S-66: there is no ICMP over IPv6, and no ICMPv6 over IPv4.
[[nodiscard]] bool can_occur(TrafficKind kind, Family family) noexcept;

class Cuts {
 public:
  Cuts();
  void at(const CompiledTraffic& traffic);
  void at(const Prefix& peer);

  // Those of `traffic` to or from `peer`. At most `most_cells` of them: beyond, the rest is left out.
  [[nodiscard]] std::vector<Cell> cells(const CompiledTraffic& traffic, const Prefix& peer);

  static constexpr std::size_t most_cells = 100'000;

 private:
  std::vector<TrafficKind> kinds_;               // where a new range begins
  std::array<std::vector<IpAddress>, 2> peers_;  // by Family
  bool sorted_ = false;
};

// A packet of that kind between an interface's own address and a peer: from the peer for ingress, to it for
// egress. With TCP it opens a connection.
[[nodiscard]] Packet make_witness(TrafficKind kind, const IpAddress& own, const IpAddress& peer,
                                  Direction direction);
// The port that a client's system chose, in every witness (N-35 to N-40).
inline constexpr std::uint16_t witness_source_port = 40000;
// What the other end would answer: the same with source and destination exchanged, SYN and ACK for SYN, the
// reply that answers an ICMP query.
[[nodiscard]] Packet make_reply(const Packet& request);

}  // namespace vpcwall
