// AWS Config's managed rules. They have no severity of their own: ours is that of the Security
// Hub control that rests on the rule, where there is one.
#include "lint/checks/catalogues.h"
#include "lint/checks/open_peers.h"
#include "lint/checks/standing.h"
#include "lint/checks/use.h"

namespace vpcwall {
namespace {

bool restricted_ssh(const SecurityGroup& group, Inspection& inspection) {
  report_open_ports(group, {{{22, 22}}, true, false, true, true}, inspection);
  return true;
}

bool restricted_common_ports(const SecurityGroup& group, Inspection& inspection) {
  OpenPorts wanted{inspection.ports("blockedPorts"), true, false, true, true};
  for (const std::string_view name :
       {"blockedPort1", "blockedPort2", "blockedPort3", "blockedPort4", "blockedPort5"})
    for (const PortRange& port : inspection.ports(name)) wanted.ports.push_back(port);
  report_open_ports(group, wanted, inspection);
  return true;
}

bool port_restriction(const SecurityGroup& group, Inspection& inspection) {
  const std::string protocol = inspection.word("protocolType"), family = inspection.word("ipType");
  report_open_ports(group,
                    {inspection.ports("restrictPorts"), protocol != "UDP", protocol != "TCP",
                     family != "IPV6", family != "IPV4"},
                    inspection);
  return true;
}

bool no_unrestricted_ssh_rdp(const NetworkAcl& acl, Inspection& inspection) {
  if (is_unwritten_and_unused(acl, inspection)) return false;
  report_open_entries(acl, {22, 3389}, inspection);
  return true;
}

}  // namespace

std::vector<Check> aws_config_checks() {
  using enum CheckSeverity;
  using Kind = CheckParameter::Kind;
  constexpr auto config = Catalogue::aws_config;
  return {
      {"INCOMING_SSH_DISABLED",
       "restricted-ssh",
       config,
       high,
       "Group lets everyone in to SSH",
       "An ingress rule opens TCP port 22 to 0.0.0.0/0 or ::/0.",
       "name those who may come as the source",
       "A-1, A-12",
       Look<SecurityGroup>(restricted_ssh),
       {}},
      {"RESTRICTED_INCOMING_TRAFFIC",
       "restricted-common-ports",
       config,
       high,
       "Group lets everyone in to a port that is blocked",
       "An ingress rule opens one of the TCP ports of the parameters to 0.0.0.0/0 or ::/0.",
       "name those who may come as the source",
       "A-2, A-12",
       Look<SecurityGroup>(restricted_common_ports),
       {{"blockedPort1", Kind::port, "20"},
        {"blockedPort2", Kind::port, "21"},
        {"blockedPort3", Kind::port, "3389"},
        {"blockedPort4", Kind::port, "3306"},
        {"blockedPort5", Kind::port, "4333"},
        {"blockedPorts", Kind::ports, ""}}},
      {"VPC_DEFAULT_SECURITY_GROUP_CLOSED",
       "vpc-default-security-group-closed",
       config,
       high,
       "Default group has rules",
       "Interfaces that name no group get the default group. If it has no rules, nothing is open by "
       "accident.",
       "write the group default with ingress: [] and egress: []",
       "A-3, S-15",
       Look<SecurityGroup>(find_open_default_group),
       {}},
      {"VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS",
       "vpc-sg-open-only-to-authorized-ports",
       config,
       high,
       "Group lets everyone in to a port that is not authorized",
       "An ingress rule from 0.0.0.0/0 or ::/0 opens ports that are not all among the parameters'.",
       "narrow the source or the ports, or authorize the port by a parameter",
       "A-4",
       Look<SecurityGroup>(find_unauthorized_ports),
       {{"authorizedTcpPorts", Kind::ports, ""}, {"authorizedUdpPorts", Kind::ports, ""}}},
      {"VPC_SG_PORT_RESTRICTION_CHECK",
       "vpc-sg-port-restriction-check",
       config,
       high,
       "Group lets everyone in to a restricted port",
       "An ingress rule opens one of the ports of the parameter to 0.0.0.0/0 or ::/0.",
       "name those who may come as the source",
       "A-5, A-12",
       Look<SecurityGroup>(port_restriction),
       {{"restrictPorts", Kind::ports, "22,3389"},
        {"protocolType", Kind::protocol, "ALL"},
        {"ipType", Kind::family, "ALL"}}},
      {"NACL_NO_UNRESTRICTED_SSH_RDP",
       "nacl-no-unrestricted-ssh-rdp",
       config,
       medium,
       "Network ACL lets everyone in to SSH or RDP",
       "Of the ingress entries for 0.0.0.0/0 or ::/0 that speak of TCP port 22 or 3389, the first one "
       "allows.",
       "deny the port with a lower number, or allow fewer ports",
       "A-6, A-41",
       Look<NetworkAcl>(no_unrestricted_ssh_rdp),
       {}},
      {"VPC_NETWORK_ACL_UNUSED_CHECK",
       "vpc-network-acl-unused-check",
       config,
       low,
       "Network ACL without a subnet",
       "No subnet is associated with the ACL.",
       "associate a subnet with it, or remove it",
       "A-7, N-24",
       Look<NetworkAcl>(find_unused_acl),
       {}},
      {"EC2_SECURITY_GROUP_ATTACHED_TO_ENI",
       "ec2-security-group-attached-to-eni",
       config,
       medium,
       "Group without an interface",
       "No interface carries the group.",
       "attach it, or remove it",
       "A-8",
       Look<SecurityGroup>(find_unattached_group),
       {}},
      {"EC2_SECURITY_GROUP_ATTACHED_TO_ENI_PERIODIC",
       "ec2-security-group-attached-to-eni-periodic",
       config,
       medium,
       "Group without an interface",
       "The same, asked again and again by AWS Config.",
       "attach it, or remove it",
       "A-9",
       Look<SecurityGroup>(find_unattached_group),
       {}},
      {"VPC_FLOW_LOGS_ENABLED",
       "vpc-flow-logs-enabled",
       config,
       medium,
       "VPC without a flow log",
       "a policy file does not say where flow logs go",
       "",
       "A-10",
       NotAnswerable{},
       {}},
      {"EC2_ENIS_SOURCE_DESTINATION_CHECK_ENABLED",
       "ec2-enis-source-destination-check-enabled",
       config,
       medium,
       "Interface without the source/destination check",
       "The interface may send and receive what is neither from nor to its own addresses.",
       "switch it on unless the host forwards for others",
       "A-11, D-1",
       Look<Interface>(find_forwarding_interface),
       {}},
  };
}

}  // namespace vpcwall
