// For each check a policy that it finds nothing in, and one that it finds something in.
//
// A line of the second one that ends in "# here" is where a finding must stand.
#pragma once

#include <string>
#include <vector>

namespace vpcwall {

struct Fixture {
  std::string check;
  std::string compliant;
  std::string non_compliant;
};

inline const std::string vpc =
    "version: 1\nvpc: {cidr: 10.0.0.0/16, ipv6_cidr: \"2001:db8:1234:1a00::/56\"}\n";

// A group with these ingress rules, one a line, on an interface.
inline std::string group(const std::string& rules) {
  return vpc + "security_groups:\n  - name: web\n    ingress:\n" + rules +
         "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
         "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n";
}
inline std::string rule(const std::string& text, bool here = false) {
  return "      - {" + text + (here ? "}  # here\n" : "}\n");
}
// An ACL with these ingress entries, in front of an interface that lets everything in and nothing out.
inline std::string acl(const std::string& ingress, const std::string& egress = "") {
  return vpc +
         "security_groups:\n  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: []}\n" +
         "network_acls:\n  - name: public\n    ingress:\n" + ingress +
         (egress.empty() ? "" : "    egress:\n" + egress) +
         "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
         "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n";
}

// One of ours for each check, of AWS's and Prowler's likewise; which checks there are is the registry's
// business.
inline std::vector<Fixture> own_fixtures() {
  const std::string web_in = rule("rule: 100, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0");
  return {
      {"VW001",
       acl(rule("rule: 90, action: deny, protocol: tcp, ports: 22, cidr: 0.0.0.0/0") +
           rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0")),
       acl(rule("rule: 100, action: allow, protocol: tcp, ports: 0-1023, cidr: 0.0.0.0/0") +
           rule("rule: 110, action: deny, protocol: tcp, ports: 22, cidr: 198.51.100.0/24", true))},
      {"VW002",
       acl(rule("rule: 90, action: deny, protocol: tcp, ports: 22, cidr: 198.51.100.0/24") +
           rule("rule: 100, action: allow, protocol: tcp, ports: all, cidr: 0.0.0.0/0")),
       acl(rule("rule: 90, action: allow, protocol: tcp, ports: 22, cidr: 198.51.100.0/24", true) +
           rule("rule: 100, action: allow, protocol: tcp, ports: all, cidr: 0.0.0.0/0"))},
      {"VW003",
       group(rule("protocol: tcp, ports: 443, source: 10.0.0.0/8") +
             rule("protocol: tcp, ports: 80-500, source: 198.51.100.0/24")),
       group(rule("protocol: tcp, ports: 443, source: 10.0.0.0/16", true) +
             rule("protocol: tcp, ports: 80-500, source: 10.0.0.0/8"))},
      {"VW004",
       acl(web_in, rule("rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0")),
       acl(rule("rule: 100, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0", true),
           rule("rule: 100, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0"))},
      {"VW005",
       vpc + "security_groups:\n  - name: web\n    ingress:\n" +
           rule("protocol: tcp, ports: 443, source: 0.0.0.0/0") +
           "    egress: []\nnetwork_acls:\n  - name: public\n    ingress:\n" + web_in +
           "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
           "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n",
       vpc + "security_groups:\n  - name: web\n    ingress:\n" +
           rule("protocol: tcp, ports: 22, source: 198.51.100.0/24", true) +
           "    egress: []\nnetwork_acls:\n  - name: public\n    ingress:\n" + web_in +
           "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
           "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n"},
      {"VW006",
       vpc +
           "security_groups:\n  - name: web\n    egress: [{protocol: tcp, ports: 443, destination: "
           "0.0.0.0/0}]\n"
           "network_acls:\n  - name: public\n    ingress:\n" +
           rule("rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0") +
           "    egress:\n" + web_in +
           "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
           "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n",
       vpc +
           "security_groups:\n  - name: web\n    egress: [{protocol: udp, ports: 53, destination: "
           "0.0.0.0/0}]\n"
           "network_acls:\n  - name: public\n    ingress:\n" +
           rule("rule: 100, action: allow, protocol: tcp, ports: 1024-65535, cidr: 0.0.0.0/0", true) +
           "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
           "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n"},
      {"VW007",
       vpc +
           "security_groups:\n  - {name: a, ingress: [{protocol: all, source: {group: b}}]}\n  - {name: b}\n"
           "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
           "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [a]}]\n",
       vpc + "security_groups:\n  - {name: a}  # here\n"},
      {"VW008",
       group(rule("protocol: tcp, ports: 22, source: {prefix_list: office}")) +
           "prefix_lists: [{name: office, entries: [{cidr: 198.51.100.0/24}]}]\n",
       vpc + "prefix_lists:\n  - {name: office, entries: [{cidr: 198.51.100.0/24}]}  # here\n"},
      {"VW009", acl(web_in), vpc + "network_acls:\n  - {name: public}  # here\n"},
      {"VW010",
       group(rule("protocol: tcp, ports: 22, source: 0.0.0.0/1") +
             rule("protocol: tcp, ports: 23, source: 128.0.0.0/1")),
       group(rule("protocol: tcp, ports: 20-22, source: 0.0.0.0/1") +
             rule("protocol: tcp, ports: 22-25, source: 128.0.0.0/2") +
             rule("protocol: all, source: 192.0.0.0/2", true))},
      {"VW011", group(rule("protocol: all, source: {group: web}")),
       group(rule("protocol: all, source: sg-0123abcd", true))},
      {"VW012", group(rule("protocol: all, source: {group: web}")),
       group(rule("protocol: all, source: {prefix_list: none}", true)) +
           "prefix_lists: [{name: none, entries: []}]\n"},
      {"VW013",
       group(rule("protocol: tcp, ports: 1, source: 10.0.0.0/16")) + "quotas: {rules_per_group: 2}\n",
       group(rule("protocol: tcp, ports: 1, source: 10.0.0.0/16") +
             rule("protocol: tcp, ports: 2, source: 10.0.0.0/16")) +
           "quotas: {rules_per_group: 2}\n"},
      {"VW014",
       acl(rule("rule: 100, action: allow, protocol: tcp, ports: 80, cidr: 0.0.0.0/0") +
           rule("rule: 101, action: allow, protocol: tcp, ports: 80, cidr: \"::/0\"") +
           rule("rule: 110, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0")),
       acl(rule("rule: 100, action: allow, protocol: tcp, ports: 80, cidr: 0.0.0.0/0") +
           rule("rule: 101, action: allow, protocol: tcp, ports: 80, cidr: \"::/0\"") +
           rule("rule: 102, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0", true))},
      {"VW015",
       vpc + "security_groups:\n  - {name: a}\nlint:\n  suppress:\n    - {check: VW007, object: a, reason: "
             "to come}\n",
       vpc + "lint:\n  suppress:\n    - {check: VW007, object: a, reason: gone}  # here\n"},
      {"VW016",
       vpc + "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
             "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], device: eth1}]\n",
       "version: 1\nvpc: {cidr: 10.0.0.0/16}  # here\n"},
  };
}

// Groups: TCP ports that a check asks about, each with the rule that breaks it.
inline Fixture port_fixture(const std::string& check, const std::string& ports,
                            const std::string& protocol = "tcp") {
  return {check, group(rule("protocol: tcp, ports: " + ports + ", source: 198.51.100.0/24")),
          group(rule("protocol: tcp, ports: 443, source: 198.51.100.0/24") +
                rule("protocol: " + protocol + ", ports: " + ports + ", source: 0.0.0.0/0", true))};
}

inline std::vector<Fixture> config_fixtures() {
  const std::string closed = vpc + "security_groups: [{name: default, ingress: [], egress: []}]\n";
  const std::string open = vpc + "security_groups:\n  - {name: default}  # here\n";
  const std::string forwards =
      vpc +
      "subnets: [{name: s, cidr: 10.0.1.0/24}]\ninterfaces:\n"
      "  - {name: i, subnet: s, addresses: [10.0.1.10], source_dest_check: false}  # here\n";
  const std::string checked = vpc +
                              "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
                              "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10]}]\n";
  const std::string unattached = vpc + "security_groups:\n  - {name: a}  # here\n";
  const std::string attached = group(rule("protocol: tcp, ports: 443, source: 198.51.100.0/24"));
  const std::string unused_acl = vpc + "network_acls:\n  - {name: public}  # here\n";
  const std::string used_acl =
      acl(rule("rule: 100, action: allow, protocol: tcp, ports: 443, cidr: 0.0.0.0/0"));
  const std::string open_acl =
      acl(rule("rule: 90, action: deny, protocol: tcp, ports: 22, cidr: 198.51.100.0/24") +
          rule("rule: 100, action: allow, protocol: tcp, ports: 20-4000, cidr: \"::/0\"", true));
  const std::string closed_acl =
      acl(rule("rule: 90, action: deny, protocol: tcp, ports: 22, cidr: 0.0.0.0/0") +
          rule("rule: 91, action: deny, protocol: tcp, ports: 3389, cidr: 0.0.0.0/0") +
          rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0"));
  const Fixture authorized{"",
                           group(rule("protocol: tcp, ports: 443, source: 0.0.0.0/0") +
                                 rule("protocol: tcp, ports: 22, source: 198.51.100.0/24")),
                           group(rule("protocol: tcp, ports: 80-443, source: 0.0.0.0/0", true))};
  return {
      port_fixture("INCOMING_SSH_DISABLED", "0-1023"),
      port_fixture("RESTRICTED_INCOMING_TRAFFIC", "3306"),
      {"VPC_DEFAULT_SECURITY_GROUP_CLOSED", closed, open},
      {"VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS",
       group(rule("protocol: tcp, ports: 22, source: 198.51.100.0/24")), authorized.non_compliant},
      port_fixture("VPC_SG_PORT_RESTRICTION_CHECK", "3389", "udp"),
      {"NACL_NO_UNRESTRICTED_SSH_RDP", closed_acl, open_acl},
      {"VPC_NETWORK_ACL_UNUSED_CHECK", used_acl, unused_acl},
      {"EC2_SECURITY_GROUP_ATTACHED_TO_ENI", attached, unattached},
      {"EC2_SECURITY_GROUP_ATTACHED_TO_ENI_PERIODIC", attached, unattached},
      {"EC2_ENIS_SOURCE_DESTINATION_CHECK_ENABLED", checked, forwards},
      {"EC2.2", closed, open},
      port_fixture("EC2.13", "22"),
      port_fixture("EC2.14", "3000-4000"),
      {"EC2.16", used_acl, unused_acl},
      {"EC2.18", authorized.compliant, authorized.non_compliant},
      port_fixture("EC2.19", "9200"),
      {"EC2.21", closed_acl, open_acl},
      {"EC2.22", attached, unattached},
      {"EC2.53", group(rule("protocol: tcp, ports: 22, source: \"::/0\"")),
       group(rule("protocol: tcp, ports: 22, source: 0.0.0.0/0", true))},
      {"EC2.54", group(rule("protocol: tcp, ports: 22, source: 0.0.0.0/0")),
       group(rule("protocol: tcp, ports: 22, source: \"::/0\"", true))},
      {"EC2.180", checked, forwards},
      {"ec2_networkacl_allow_ingress_tcp_port_22", closed_acl, open_acl},
      {"ec2_networkacl_allow_ingress_tcp_port_3389", closed_acl, open_acl},
      {"ec2_networkacl_allow_ingress_any_port", open_acl,
       acl(rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0", true))},
      {"ec2_networkacl_unused", used_acl, unused_acl},
      {"ec2_securitygroup_default_restrict_traffic", closed, open},
      {"ec2_securitygroup_not_used", attached, unattached},
      {"ec2_securitygroup_from_launch_wizard", attached,
       vpc + "security_groups:\n  - {name: launch-wizard-7}  # here\n"},
      {"ec2_securitygroup_allow_wide_open_public_ipv4",
       group(rule("protocol: all, source: 10.0.0.0/8") + rule("protocol: all, source: 8.8.8.0/24")),
       group(rule("protocol: all, source: 8.8.0.0/16", true))},
  };
}

inline std::vector<Fixture> prowler_fixtures() {
  const std::string to = "ec2_securitygroup_allow_ingress_from_internet_to_";
  std::string many;
  for (int port = 1; port <= 51; ++port)
    many += rule("protocol: tcp, ports: " + std::to_string(port) + ", source: 10.0.0.0/16");
  return {
      {to + "all_ports", group(rule("protocol: tcp, ports: 0-65534, source: 0.0.0.0/0")),
       group(rule("protocol: udp, ports: all, source: \"::/0\"", true))},
      {to + "any_port", group(rule("protocol: tcp, ports: 443, source: 10.0.0.0/8")),
       group(rule("protocol: tcp, ports: 443, source: 0.0.0.0/0", true))},
      port_fixture(to + "high_risk_tcp_ports", "8080"),
      port_fixture(to + "tcp_port_22", "22"),
      port_fixture(to + "tcp_port_3389", "3389"),
      port_fixture(to + "tcp_port_ftp_20_21", "20-21"),
      port_fixture(to + "tcp_port_mongodb_27017_27018", "27018"),
      port_fixture(to + "tcp_port_cassandra_7199_9160_8888", "8888"),
      port_fixture(to + "tcp_port_elasticsearch_kibana_9200_9300_5601", "5601"),
      port_fixture(to + "tcp_port_kafka_9092", "9092"),
      port_fixture(to + "tcp_port_memcached_11211", "11211"),
      port_fixture(to + "tcp_port_mysql_3306", "3306"),
      port_fixture(to + "tcp_port_oracle_1521_2483", "2483"),
      port_fixture(to + "tcp_port_postgres_5432", "5432"),
      port_fixture(to + "tcp_port_redis_6379", "6379"),
      port_fixture(to + "tcp_port_sql_server_1433_1434", "1434"),
      port_fixture(to + "tcp_port_telnet_23", "23"),
      {"ec2_securitygroup_with_many_ingress_egress_rules",
       group(rule("protocol: tcp, ports: 1, source: 10.0.0.0/16")), group(many)},
  };
}

}  // namespace vpcwall
