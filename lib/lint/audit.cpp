#include "lint/audit.h"

#include <algorithm>
#include <array>

#include "policy/default_objects.h"

namespace vpcwall {
namespace {

constexpr std::uint16_t ssh = 22, rdp = 3389;

Compliance verdict(bool good) noexcept { return good ? Compliance::compliant : Compliance::non_compliant; }

bool is_open(const SecurityGroupRule& rule) noexcept {
  const auto* prefix = std::get_if<Prefix>(&rule.peer);
  return prefix != nullptr && prefix->is_open();
}

// all protocols, or the protocol with a range that includes the port.
bool includes(const Traffic& traffic, Protocol protocol, std::uint16_t port) noexcept {
  return !traffic.protocol || (*traffic.protocol == protocol && traffic.ports.contains(port));
}

//
Compliance ssh_restricted(const SecurityGroup& group, const AuditOptions&) {
  return verdict(std::none_of(group.ingress.begin(), group.ingress.end(), [](const SecurityGroupRule& rule) {
    return is_open(rule) && includes(rule.traffic, Protocol::tcp, ssh);
  }));
}

//
Compliance default_group_closed(const SecurityGroup& group, const AuditOptions&) {
  if (group.name != default_object_name) return Compliance::not_applicable;
  return verdict(group.ingress.empty() && group.egress.empty());
}

//
Compliance open_only_to_authorized_ports(const SecurityGroup& group, const AuditOptions& options) {
  bool open = false, good = true;
  for (const SecurityGroupRule& rule : group.ingress) {
    if (!is_open(rule)) continue;
    open = true;
    // One port that is authorised: a range holds others.
    const bool one_port =
        rule.traffic.protocol == Protocol::tcp && rule.traffic.ports.first == rule.traffic.ports.last;
    const auto& ports = options.authorized_tcp_ports;
    good = good && one_port && std::find(ports.begin(), ports.end(), rule.traffic.ports.first) != ports.end();
  }
  return open ? verdict(good) : Compliance::not_applicable;
}

// both halves of a family admitted for the same traffic are as open as /0.
Compliance not_open_by_halves(const SecurityGroup& group, const AuditOptions&) {
  const auto is_half = [](const SecurityGroupRule& rule) {
    const auto* prefix = std::get_if<Prefix>(&rule.peer);
    return prefix != nullptr && prefix->length == 1;
  };
  for (const SecurityGroupRule& one : group.ingress)
    for (const SecurityGroupRule& other : group.ingress) {
      if (!is_half(one) || !is_half(other) || one.traffic != other.traffic) continue;
      const Prefix& first = std::get<Prefix>(one.peer);
      const Prefix& second = std::get<Prefix>(other.peer);
      if (first.base.family == second.base.family && first.base != second.base)
        return Compliance::non_compliant;
    }
  return Compliance::compliant;
}

// of the entries of a family that are open and speak of the port, the first decides.
bool admits_everyone(const NetworkAcl& acl, std::uint16_t port) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const NetworkAclEntry* decides = nullptr;
    for (const NetworkAclEntry& entry : acl.ingress)
      if (entry.cidr.base.family == family && entry.cidr.is_open() &&
          includes(entry.traffic, Protocol::tcp, port) &&
          (decides == nullptr || entry.number < decides->number))
        decides = &entry;
    if (decides != nullptr && decides->action == Action::allow) return true;
  }
  return false;
}

//
Compliance no_unrestricted_admin_ports(const NetworkAcl& acl) {
  return verdict(!admits_everyone(acl, ssh) && !admits_everyone(acl, rdp));
}
//
Compliance no_unrestricted_ssh(const NetworkAcl& acl) { return verdict(!admits_everyone(acl, ssh)); }
Compliance no_unrestricted_rdp(const NetworkAcl& acl) { return verdict(!admits_everyone(acl, rdp)); }

struct GroupRule {
  std::string_view identifier;
  Compliance (*check)(const SecurityGroup&, const AuditOptions&);
};
constexpr std::array group_rules{
    GroupRule{"INCOMING_SSH_DISABLED", ssh_restricted},
    GroupRule{"VPC_DEFAULT_SECURITY_GROUP_CLOSED", default_group_closed},
    GroupRule{"VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", open_only_to_authorized_ports},
    GroupRule{"OPEN_BY_HALVES", not_open_by_halves},
};

struct AclRule {
  std::string_view identifier;
  Compliance (*check)(const NetworkAcl&);
};
constexpr std::array acl_rules{
    AclRule{"NACL_NO_UNRESTRICTED_SSH_RDP", no_unrestricted_admin_ports},
    AclRule{"ec2_networkacl_allow_ingress_tcp_port_22", no_unrestricted_ssh},
    AclRule{"ec2_networkacl_allow_ingress_tcp_port_3389", no_unrestricted_rdp},
};

}  // namespace

std::string_view to_string(Compliance compliance) noexcept {
  switch (compliance) {
    case Compliance::compliant: return "COMPLIANT";
    case Compliance::non_compliant: return "NON_COMPLIANT";
    case Compliance::not_applicable: return "NOT_APPLICABLE";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

Expected<Compliance, std::string> audit(const Policy& policy, std::string_view rule, std::string_view object,
                                        const AuditOptions& options) {
  const auto named = [&](const auto& one) { return one.identifier == rule; };
  const auto of_group = std::find_if(group_rules.begin(), group_rules.end(), named);
  const auto of_acl = std::find_if(acl_rules.begin(), acl_rules.end(), named);
  if (of_group == group_rules.end() && of_acl == acl_rules.end())
    return Unexpected{"found no audit rule \"" + std::string(rule) + '"'};
  for (const SecurityGroup& group : policy.security_groups)
    if (group.id == object)
      return of_group != group_rules.end() ? of_group->check(group, options) : Compliance::not_applicable;
  for (const NetworkAcl& acl : policy.network_acls)
    if (acl.id == object) return of_acl != acl_rules.end() ? of_acl->check(acl) : Compliance::not_applicable;
  return Unexpected{"found no security group and no network ACL \"" + std::string(object) + '"'};
}

}  // namespace vpcwall
