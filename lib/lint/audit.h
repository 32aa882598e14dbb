// AWS's audit rules for groups and network ACLs, over a policy as written: no packet is judged.
//
// `/0` is taken literally, as AWS Config takes it; a range of ports, and a rule for all protocols,
// includes the port in question. An ACL's entries are walked in ascending order, and the first open
// entry that speaks of the port decides. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "policy/policy.h"

namespace vpcwall {

enum class Compliance : std::uint8_t { compliant, non_compliant, not_applicable };
[[nodiscard]] std::string_view to_string(Compliance compliance) noexcept;  // "NON_COMPLIANT"

struct AuditOptions {
  std::vector<std::uint16_t> authorized_tcp_ports;  // of VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS
};

// Rules, by the identifiers of AWS Config, of Prowler, and one of ours:
//   INCOMING_SSH_DISABLED, VPC_DEFAULT_SECURITY_GROUP_CLOSED, VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS,
//   NACL_NO_UNRESTRICTED_SSH_RDP, ec2_networkacl_allow_ingress_tcp_port_22, …_3389, OPEN_BY_HALVES
// `object` is the id of a security group or a network ACL; a rule of the other kind is not applicable. The
// error names an unknown rule or object.
[[nodiscard]] Expected<Compliance, std::string> audit(const Policy& policy, std::string_view rule,
                                                      std::string_view object, const AuditOptions& options);

}  // namespace vpcwall
