#include "lint/audit.h"

#include <algorithm>

#include "lint/inspection.h"

namespace vpcwall {
namespace {

Parameters parameters_of(const Check& check, const AuditOptions& options) {
  std::string ports;
  for (const std::uint16_t port : options.authorized_tcp_ports)
    ports += (ports.empty() ? "" : ",") + std::to_string(port);
  Parameters parameters;
  if (!ports.empty()) parameters.set(check, "authorizedTcpPorts", std::move(ports));
  return parameters;
}

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
  const Check* check = find_check(rule);
  if (check == nullptr) return Unexpected{"found no audit rule \"" + std::string(rule) + '"'};
  const auto has = [&](const auto& objects) {
    return std::any_of(objects.begin(), objects.end(), [&](const auto& one) { return one.id == object; });
  };
  if (!has(policy.security_groups) && !has(policy.network_acls))
    return Unexpected{"found no security group and no network ACL \"" + std::string(object) + '"'};
  const Parameters parameters = parameters_of(*check, options);
  Inspection inspection(policy, parameters);
  if (!inspection.run(*check, object)) return Compliance::not_applicable;
  return inspection.findings().empty() ? Compliance::compliant : Compliance::non_compliant;
}

}  // namespace vpcwall
