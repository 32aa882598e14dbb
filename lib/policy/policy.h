// Policy: what the operator wrote, as a plain value.
//
// A Policy is made by load_policy() (YAML or JSON), edited by whoever wants to, and turned into something a
// worker can match by compile(). References between objects are ids, never names or pointers, so a Policy
// can be copied, compared and emitted. Two things are always present, written or not, because AWS always has
// them: the security group named "default" (S-15 to S-18) and the default network ACL (NX-1, N-26).
//
// Positions say where in the file an object stands; they take no part in comparison, so that
// load -> emit -> load gives an equal Policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "net/mac_address.h"
#include "net/protocol.h"

namespace vpcwall {

struct SourcePosition {
  std::uint32_t line = 0;    // from 1; 0 = not written, made by us
  std::uint32_t column = 0;  // from 1
  std::uint32_t file = 0;    // of several texts read together: which one; who read them knows their names
  friend bool operator==(const SourcePosition&, const SourcePosition&) noexcept { return true; }
};

// Seen from the interface or subnet that the rule protects.
enum class Direction : std::uint8_t { ingress, egress };
[[nodiscard]] constexpr Direction opposite(Direction direction) noexcept {
  return direction == Direction::ingress ? Direction::egress : Direction::ingress;
}
// "ingress" or "egress".
[[nodiscard]] constexpr std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::ingress ? "ingress" : "egress";
}

// What kind of packet a rule or entry speaks of; the part that security groups and network ACLs share.
// Ports matter for tcp and udp, type and code for icmp and icmpv6; for everything else they are ignored,
// written or not (S-59, N-16).
struct Traffic {
  std::optional<Protocol> protocol;       // none: all protocols, AWS's -1
  PortRange ports;                        // destination ports, inclusive (S-61, S-62, N-14)
  std::optional<std::uint8_t> icmp_type;  // none: every type (S-63)
  std::optional<std::uint8_t> icmp_code;  // none: every code; a code without a type is an error (S-63)
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

struct GroupReference {
  std::string id;  // sg-…; may name a group that no longer exists: a stale rule matches nothing (S-80)
  friend bool operator==(const GroupReference&, const GroupReference&) = default;
};
struct PrefixListReference {
  std::string id;  // pl-…
  friend bool operator==(const PrefixListReference&, const PrefixListReference&) = default;
};
// Exactly one peer per rule: source of an ingress rule, destination of an egress rule (S-36).
using Peer = std::variant<Prefix, GroupReference, PrefixListReference>;

struct SecurityGroupRule {
  std::string id;  // sgr-…, derived from the content when not written
  Traffic traffic;
  Peer peer;
  std::string description;
  SourcePosition at;
  friend bool operator==(const SecurityGroupRule&, const SecurityGroupRule&) = default;
};

struct SecurityGroup {
  std::string id;  // sg-…
  std::string name;
  std::string description;
  std::vector<SecurityGroupRule> ingress, egress;
  SourcePosition at;
  [[nodiscard]] const std::vector<SecurityGroupRule>& rules(Direction direction) const noexcept {
    return direction == Direction::ingress ? ingress : egress;
  }
  friend bool operator==(const SecurityGroup&, const SecurityGroup&) = default;
};

enum class Action : std::uint8_t { allow, deny };

struct NetworkAclEntry {
  std::uint16_t number = 0;  // 1 to 32766, unique in its direction (N-6, N-9)
  Action action = Action::deny;
  Traffic traffic;
  Prefix cidr;  // source of an ingress entry, destination of an egress entry (N-12)
  SourcePosition at;
  friend bool operator==(const NetworkAclEntry&, const NetworkAclEntry&) = default;
};

struct NetworkAcl {
  std::string id;  // acl-…
  std::string name;
  std::vector<NetworkAclEntry> ingress, egress;  // in the order written; compile() sorts by number (N-5)
  SourcePosition at;
  [[nodiscard]] const std::vector<NetworkAclEntry>& entries(Direction direction) const noexcept {
    return direction == Direction::ingress ? ingress : egress;
  }
  friend bool operator==(const NetworkAcl&, const NetworkAcl&) = default;
};

struct PrefixListEntry {
  Prefix cidr;
  std::string description;
  SourcePosition at;
  friend bool operator==(const PrefixListEntry&, const PrefixListEntry&) = default;
};

struct PrefixList {
  std::string id;  // pl-…
  std::string name;
  std::uint32_t max_entries = 0;         // what a rule that uses the list costs of the quota (S-31)
  std::vector<PrefixListEntry> entries;  // one family only (S-54)
  SourcePosition at;
  friend bool operator==(const PrefixList&, const PrefixList&) = default;
};

struct Subnet {
  std::string id;  // subnet-…
  std::string name;
  std::optional<Prefix> cidr, ipv6_cidr;  // at least one
  std::string network_acl;                // id; the default ACL's unless written (N-26)
  SourcePosition at;
  friend bool operator==(const Subnet&, const Subnet&) = default;
};

// Idle timeouts in seconds that AWS lets one set per interface (C-30 to C-33, C-39).
struct Tracking {
  std::uint32_t tcp_established = 432000;  // 60 to 432000
  std::uint32_t udp = 30;                  // 30 to 60
  std::uint32_t udp_stream = 180;          // 60 to 180
  friend bool operator==(const Tracking&, const Tracking&) = default;
};

struct Interface {
  // AWS's interface types, as far as they are judged differently. Gateways carry other hosts' traffic: they
  // have no security groups, only the ACL of their subnet judges (N-29, O-10, NX-11, NX-12), and no
  // source/destination check.
  enum class Type : std::uint8_t { interface, nat_gateway, transit_gateway };
  std::string id;  // eni-…
  std::string name;
  Type type = Type::interface;
  std::string subnet;             // id
  std::vector<Prefix> addresses;  // single addresses as /32 or /128; shorter: delegated prefixes (D-4, S-42)
  std::vector<std::string> security_groups;  // ids, in the order written; never empty (S-9), but for gateways
  bool source_dest_check = true;             // D-1
  Tracking tracking;
  std::string device;  // kernel device that carries this interface's traffic; empty: known by address only
  SourcePosition at;
  friend bool operator==(const Interface&, const Interface&) = default;
};

struct Vpc {
  std::optional<Prefix> cidr, ipv6_cidr;  // primary ranges; at least one
  std::vector<Prefix> secondary_cidrs;
  std::optional<MacAddress> router_mac;  // makes its EUI-64 address exempt (E-17)
  SourcePosition at;
  friend bool operator==(const Vpc&, const Vpc&) = default;
};

// AWS's defaults; adjustable inside AWS's limits.
struct Quotas {
  std::uint32_t groups_per_region = 2500;  // S-28; the one VPC is all of the Region that there is
  std::uint32_t groups_per_interface = 5;  // up to 16 (S-24)
  std::uint32_t rules_per_group = 60;      // per direction and family (S-25, S-26); product <= 1000 (S-27)
  std::uint32_t acls_per_vpc = 200;        // N-27
  std::uint32_t entries_per_acl = 20;      // per direction and family, up to 40 (N-27, N-28)
  std::uint32_t entries_per_prefix_list = 1000;      // S-29
  std::uint32_t references_per_prefix_list = 10000;  // in rules of security groups (S-30)
  friend bool operator==(const Quotas&, const Quotas&) = default;
};

// Where AWS is silent.
struct Behavior {
  enum class TcpMidstream : std::uint8_t { strict, loose };  // C-43
  enum class IcmpRelated : std::uint8_t { aws, linux_ };     // C-51
  // What becomes of packets from and to an address of a subnet that no interface has (O-20): the subnet's ACL
  // judges them, they are dropped, or they pass unasked.
  enum class UnlistedAddresses : std::uint8_t { acl, drop, pass };
  TcpMidstream tcp_midstream = TcpMidstream::strict;
  IcmpRelated icmp_related = IcmpRelated::aws;
  UnlistedAddresses unlisted_addresses = UnlistedAddresses::acl;
  std::uint32_t flows_per_interface = 136812;  // C-59, C-60
  // Peers whose packets come through a middlebox that hides their groups: a rule that names a group never
  // matches them (S-51).
  std::vector<Prefix> sg_identity_lost;
  friend bool operator==(const Behavior&, const Behavior&) = default;
};
// "acl", "drop" or "pass".
[[nodiscard]] constexpr std::string_view to_string(Behavior::UnlistedAddresses choice) noexcept {
  switch (choice) {
    case Behavior::UnlistedAddresses::acl: return "acl";
    case Behavior::UnlistedAddresses::drop: return "drop";
    case Behavior::UnlistedAddresses::pass: return "pass";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

// What the operator has looked at and accepts: findings of vpcwall-lint(1) that are not to be reported. No
// packet is judged by it.
struct Suppression {
  std::vector<std::string> checks;  // ids or names; at least one. Which ones there are, lib/lint knows
  std::string object;               // name or id of what the finding is about; empty: whatever it is
  std::string rule;                 // "ingress 100", a rule's id, or what a rule says; empty: whichever it is
  std::string reason;               // never empty
  SourcePosition at;                // where the checks are named
  friend bool operator==(const Suppression&, const Suppression&) = default;
};

struct Policy {
  Vpc vpc;
  std::vector<PrefixList> prefix_lists;
  std::vector<SecurityGroup> security_groups;
  std::vector<NetworkAcl> network_acls;
  std::string default_network_acl;  // id of one of network_acls
  std::vector<Subnet> subnets;
  std::vector<Interface> interfaces;
  Quotas quotas;
  std::vector<Prefix> auto_tracked;  // peers through which AWS always tracks (C-18, C-19)
  Behavior behavior;
  std::vector<Suppression> suppressions;
  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace vpcwall
