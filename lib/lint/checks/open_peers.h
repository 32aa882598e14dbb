// What a group or a network ACL opens to everyone.
//
// Everyone is literally 0.0.0.0/0 or ::/0, as AWS takes it; a range of ports, and a rule for all
// protocols, includes the port in question. Groups: any such ingress rule counts. ACLs: for each
// family the ingress entries are walked by ascending number, only open ones that speak of the port are looked
// at, and the first of these decides.
#pragma once

#include <vector>

#include "lint/inspection.h"

namespace vpcwall {

struct OpenPorts {
  std::vector<PortRange> ports;
  bool tcp = true, udp = false;
  bool ipv4 = true, ipv6 = true;
};

// Reports every rule that opens one of the ports to everyone.
void report_open_ports(const SecurityGroup& group, const OpenPorts& wanted, Inspection& inspection);
// Reports every rule that opens to everyone what is not among the ports. False: no rule is open to everyone.
[[nodiscard]] bool report_other_open_ports(const SecurityGroup& group, const std::vector<PortRange>& tcp,
                                           const std::vector<PortRange>& udp, Inspection& inspection);
// A rule that opens every port of a protocol, or all protocols, to everyone; null for none.
[[nodiscard]] const SecurityGroupRule* open_to_all_ports(const SecurityGroup& group) noexcept;
[[nodiscard]] bool is_open(const SecurityGroupRule& rule) noexcept;

// Reports the entries that let everyone in to one of the TCP ports; without ports, to everything.
void report_open_entries(const NetworkAcl& acl, const std::vector<std::uint16_t>& tcp_ports,
                         Inspection& inspection);

// Ranges that are everyone only together: VW010.
[[nodiscard]] bool find_open_by_halves(const SecurityGroup& group, Inspection& inspection);

}  // namespace vpcwall
