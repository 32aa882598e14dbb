#include "policy/validate.h"

#include "policy/default_objects.h"

namespace vpcwall {
namespace {

// S-15, N-26: both always exist. The loader adds them; an edited policy may have lost them.
void check_defaults(const PolicyCheck& check) {
  const Policy& policy = check.policy;
  bool group = false, acl = false;
  for (const SecurityGroup& candidate : policy.security_groups)
    group = group || candidate.name == default_object_name;
  for (const NetworkAcl& candidate : policy.network_acls)
    acl = acl || (candidate.name == default_object_name && candidate.id == policy.default_network_acl);
  if (!group)
    check.reporter.error({}, "found no security group named default, expected one", {}, "CannotDelete");
  if (!acl)
    check.reporter.error({}, "found no default network ACL, expected one named default", {},
                         "InvalidParameterValue");
}

}  // namespace

void validate(const PolicyCheck& check) {
  if (check.complete) check_defaults(check);
  check_identities(check);
  check_rules(check);
  check_network(check);
  check_quotas(check);
}

std::vector<Diagnostic> validate(const Policy& policy) {
  Reporter reporter{std::string{}};
  validate({policy, SourceMap{}, true, true, reporter});
  return reporter.take();
}

}  // namespace vpcwall
