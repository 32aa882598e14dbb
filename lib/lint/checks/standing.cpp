#include "lint/checks/standing.h"

#include "lint/checks/open_peers.h"
#include "policy/default_objects.h"

namespace vpcwall {

bool find_open_default_group(const SecurityGroup& group, Inspection& inspection) {
  if (group.name != default_object_name) return false;
  if (!group.ingress.empty() || !group.egress.empty())
    inspection.report(group, "has " + std::to_string(group.ingress.size()) + " ingress and " +
                                 std::to_string(group.egress.size()) + " egress rules" +
                                 (group.at.line == 0 ? ", which AWS gives it unless it is written" : ""));
  return true;
}

bool find_unauthorized_ports(const SecurityGroup& group, Inspection& inspection) {
  return report_other_open_ports(group, inspection.ports("authorizedTcpPorts"),
                                 inspection.ports("authorizedUdpPorts"), inspection);
}

bool find_forwarding_interface(const Interface& interface, Inspection& inspection) {
  if (interface.type != Interface::Type::interface) return false;
  if (!interface.source_dest_check) inspection.report(interface, "its source/destination check is off");
  return true;
}

bool is_unwritten_and_unused(const NetworkAcl& acl, const Inspection& inspection) {
  return acl.at.line == 0 && acl.id == inspection.policy().default_network_acl &&
         !inspection.index().is_associated(acl);
}

}  // namespace vpcwall
