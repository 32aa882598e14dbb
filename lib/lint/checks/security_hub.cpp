// Security Hub's controls with their severities.
#include "lint/checks/catalogues.h"
#include "lint/checks/open_peers.h"
#include "lint/checks/standing.h"
#include "lint/checks/use.h"

namespace vpcwall {
namespace {

std::vector<PortRange> single(std::initializer_list<std::uint16_t> ports) {
  std::vector<PortRange> ranges;
  for (const std::uint16_t port : ports) ranges.push_back({port, port});
  return ranges;
}

Look<SecurityGroup> closed(const OpenPorts& wanted) {
  return [wanted](const SecurityGroup& group, Inspection& inspection) {
    report_open_ports(group, wanted, inspection);
    return true;
  };
}

// no finding for the default ACL.
bool acl_restricts_administration(const NetworkAcl& acl, Inspection& inspection) {
  if (acl.id == inspection.policy().default_network_acl) return false;
  report_open_entries(acl, {22, 3389}, inspection);
  return true;
}

constexpr std::string_view narrow = "name those who may come as the source";

}  // namespace

std::vector<Check> security_hub_checks() {
  using enum CheckSeverity;
  using Kind = CheckParameter::Kind;
  constexpr auto hub = Catalogue::security_hub;
  const auto high_risk = single({20,   21,   22,   23,   25,   110,  135,  143,  445,  1433, 1434, 3000,
                                 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300});
  return {
      {"EC2.2",
       "EC2.2",
       hub,
       high,
       "Default group has rules",
       "Interfaces that name no group get the default group. If it has no rules, nothing is open by "
       "accident.",
       "write the group default with ingress: [] and egress: []",
       "A-20, A-3",
       Look<SecurityGroup>(find_open_default_group),
       {}},
      {"EC2.6",
       "EC2.6",
       hub,
       medium,
       "VPC without a flow log",
       "a policy file does not say where flow logs go",
       "",
       "A-21",
       NotAnswerable{},
       {}},
      {"EC2.13",
       "EC2.13",
       hub,
       high,
       "Group lets everyone in to port 22",
       "An ingress rule opens TCP port 22 to 0.0.0.0/0 or ::/0.",
       narrow,
       "A-22, A-12",
       closed({single({22}), true, false, true, true}),
       {}},
      {"EC2.14",
       "EC2.14",
       hub,
       high,
       "Group lets everyone in to port 3389",
       "An ingress rule opens TCP port 3389 to 0.0.0.0/0 or ::/0.",
       narrow,
       "A-23, A-12",
       closed({single({3389}), true, false, true, true}),
       {}},
      {"EC2.16",
       "EC2.16",
       hub,
       low,
       "Network ACL without a subnet",
       "No subnet is associated with the ACL. The default ACL is left out.",
       "associate a subnet with it, or remove it",
       "A-24",
       Look<NetworkAcl>(find_unused_acl),
       {}},
      {"EC2.18",
       "EC2.18",
       hub,
       high,
       "Group lets everyone in to a port that is not authorized",
       "An ingress rule from 0.0.0.0/0 or ::/0 opens ports that are not all among the parameters'.",
       "narrow the source or the ports, or authorize the port by a parameter",
       "A-25, A-4",
       Look<SecurityGroup>(find_unauthorized_ports),
       {{"authorizedTcpPorts", Kind::ports, "80,443"}, {"authorizedUdpPorts", Kind::ports, ""}}},
      {"EC2.19",
       "EC2.19",
       hub,
       critical,
       "Group lets everyone in to a port of high risk",
       "An ingress rule opens a port of a service that is often attacked to 0.0.0.0/0 or ::/0.",
       narrow,
       "A-26, A-12",
       closed({high_risk, true, true, true, true}),
       {}},
      {"EC2.21",
       "EC2.21",
       hub,
       medium,
       "Network ACL lets everyone in to SSH or RDP",
       "Of the ingress entries for 0.0.0.0/0 or ::/0 that speak of TCP port 22 or 3389, the first one "
       "allows. The "
       "default ACL is left out.",
       "deny the port with a lower number, or allow fewer ports",
       "A-27, A-41",
       Look<NetworkAcl>(acl_restricts_administration),
       {}},
      {"EC2.22",
       "EC2.22",
       hub,
       medium,
       "Group without an interface",
       "No interface carries the group.",
       "attach it, or remove it",
       "A-28",
       Look<SecurityGroup>(find_unattached_group),
       {}},
      {"EC2.53",
       "EC2.53",
       hub,
       high,
       "Group lets all of IPv4 in to remote administration",
       "An ingress rule opens port 22 or 3389 to 0.0.0.0/0.",
       narrow,
       "A-29, A-12",
       closed({single({22, 3389}), true, true, true, false}),
       {}},
      {"EC2.54",
       "EC2.54",
       hub,
       high,
       "Group lets all of IPv6 in to remote administration",
       "An ingress rule opens port 22 or 3389 to ::/0.",
       narrow,
       "A-30, A-12",
       closed({single({22, 3389}), true, true, false, true}),
       {}},
      {"EC2.180",
       "EC2.180",
       hub,
       medium,
       "Interface without the source/destination check",
       "The interface may send and receive what is neither from nor to its own addresses.",
       "switch it on unless the host forwards for others",
       "A-33, D-1",
       Look<Interface>(find_forwarding_interface),
       {}},
  };
}

}  // namespace vpcwall
