#include "support/observed.h"

namespace vpcwall::test {
namespace {

Policy vpc_of(const std::string& web, const std::string& entries) {
  return policy_of(R"(
version: 1
vpc: {cidr: 10.0.0.0/16}
security_groups:
  - {id: sg-11111111, name: web, egress: [], ingress: [)" +
                   web + R"(]}
  - {name: app, egress: [], ingress: [{protocol: all, source: 10.0.2.0/24}]}
  - {name: bare, ingress: [], egress: []}
network_acls:
  - {id: acl-11111111, name: private, egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}],
     ingress: [)" + entries +
                   R"(]}
subnets:
  - {name: public, cidr: 10.0.1.0/24}
  - {name: private, cidr: 10.0.2.0/24, network_acl: private}
interfaces:
  - {id: eni-11111111, name: web, subnet: public, addresses: [10.0.1.10], security_groups: [web]}
  - {name: app, subnet: public, addresses: [10.0.1.11], security_groups: [app, bare]}
  - {name: db, subnet: private, addresses: [10.0.2.10], security_groups: [default]}
)");
}

const std::string ssh = "{id: sgr-22222222, protocol: tcp, ports: 22, source: 203.0.113.0/24}";
const std::string http = "{id: sgr-80808080, protocol: tcp, ports: 80, source: 203.0.113.0/24}";

}  // namespace

Policy ObservedVpc::plain() {
  return vpc_of(ssh,
                "{rule: 90, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}, "
                "{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}");
}

Policy ObservedVpc::changed() {
  return vpc_of(ssh + ", " + http,
                "{rule: 80, action: deny, protocol: tcp, ports: 23, cidr: 0.0.0.0/0}, "
                "{rule: 110, action: allow, protocol: all, cidr: 0.0.0.0/0}");
}

void ObservedVpc::use(const Policy& policy) {
  policy_ = compile(policy, context_, ++generation_);
  shard_.counters().reserve(context_.slots.size());
  shard_.adopt(policy_, now_);
}

Decision ObservedVpc::judge(const Packet& packet) {
  return shard_.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now_});
}

}  // namespace vpcwall::test
