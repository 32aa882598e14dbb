// One check asked about one object, with the answers that AWS Config has: compliant, not compliant, not
// applicable. What a scenario expects of a policy (vpcwall-scenario(5)). Any thread.
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
  std::vector<std::uint16_t> authorized_tcp_ports;  // instead of the check's own, where it has that parameter
};

// `rule` is the id or name of a check (lint/check.h), `object` the id of a security group or a network ACL; a
// check of other objects is not applicable. The error names an unknown check or object.
[[nodiscard]] Expected<Compliance, std::string> audit(const Policy& policy, std::string_view rule,
                                                      std::string_view object, const AuditOptions& options);

}  // namespace vpcwall
