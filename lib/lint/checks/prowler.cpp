// Prowler's checks with their severities. Prowler leaves out groups that no interface carries
// unless it is told to scan unused services; here they are looked at, because a policy is written before it
// is used.
#include "lint/checks/catalogues.h"
#include "lint/checks/open_peers.h"
#include "lint/checks/public_range.h"
#include "lint/checks/standing.h"
#include "lint/checks/use.h"

namespace vpcwall {
namespace {

constexpr std::string_view narrow = "name those who may come as the source";
constexpr std::string_view opened = "An ingress rule opens one of these ports to 0.0.0.0/0 or ::/0.";
constexpr std::string_view acl_help =
    "For each address family the ingress entries are walked by ascending number; the first that is for "
    "everyone and "
    "speaks of the port decides. A deny for a narrower range clears nothing.";

bool all_ports(const SecurityGroup& group, Inspection& inspection) {
  if (const SecurityGroupRule* rule = open_to_all_ports(group))
    inspection.report(group, Direction::ingress, *rule, "opens every port to everyone");
  return true;
}

// Prowler asks for single ports only where not all of them are open, so that nothing is reported twice.
Look<SecurityGroup> ports(std::initializer_list<std::uint16_t> numbers) {
  OpenPorts wanted;
  for (const std::uint16_t port : numbers) wanted.ports.push_back({port, port});
  return [wanted](const SecurityGroup& group, Inspection& inspection) {
    if (open_to_all_ports(group) != nullptr) return false;
    report_open_ports(group, wanted, inspection);
    return true;
  };
}

// Any rule from everyone, on a group that is in use.
bool any_port(const SecurityGroup& group, Inspection& inspection) {
  if (open_to_all_ports(group) != nullptr || inspection.index().members(group.id).empty()) return false;
  for (const SecurityGroupRule& rule : group.ingress)
    if (is_open(rule) &&
        (!rule.traffic.protocol || has_ports(*rule.traffic.protocol) || is_icmp(*rule.traffic.protocol)))
      inspection.report(group, Direction::ingress, rule, "lets everyone in");
  return true;
}

Look<NetworkAcl> entries(const std::vector<std::uint16_t>& tcp_ports) {
  return [tcp_ports](const NetworkAcl& acl, Inspection& inspection) {
    if (is_unwritten_and_unused(acl, inspection)) return false;
    report_open_entries(acl, tcp_ports, inspection);
    return true;
  };
}

bool wide_open(const SecurityGroup& group, Inspection& inspection) {
  for (const Direction direction : {Direction::ingress, Direction::egress})
    for (const SecurityGroupRule& rule : group.rules(direction)) {
      const auto* range = std::get_if<Prefix>(&rule.peer);
      if (range != nullptr && range->base.family == Family::ipv4 && range->length > 0 && range->length < 24 &&
          is_public(*range))
        inspection.report(group, direction, rule,
                          "names " + to_string(*range) + ", a wide range of public addresses");
    }
  return true;
}

bool launch_wizard(const SecurityGroup& group, Inspection& inspection) {
  if (group.name.find("launch-wizard") != std::string::npos)
    inspection.report(group, "was made by the launch wizard, as its name says");
  return true;
}

bool many_rules(const SecurityGroup& group, Inspection& inspection) {
  const std::uint32_t most = inspection.number("max_security_group_rules");
  if (group.ingress.size() > most || group.egress.size() > most)
    inspection.report(group, "has " + std::to_string(group.ingress.size()) + " ingress and " +
                                 std::to_string(group.egress.size()) + " egress rules");
  return true;
}

// Rows that differ in nothing but the ports.
Check ports_check(std::string_view id, std::string_view name, std::string_view title,
                  std::initializer_list<std::uint16_t> numbers) {
  return {id,     name,   Catalogue::prowler, CheckSeverity::high, title,
          opened, narrow, "A-42, A-12",       ports(numbers),      {}};
}
Check ports_check(std::string_view id, std::string_view title, std::initializer_list<std::uint16_t> numbers) {
  return ports_check(id, id, title, numbers);
}

std::vector<Check> port_checks() {
  return {
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports",
                  "Group lets everyone in to a TCP port of high risk",
                  {25, 110, 135, 143, 445, 3000, 4333, 5000, 5500, 8080, 8088}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
                  "Group lets everyone in to SSH", {22}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
                  "Group lets everyone in to RDP", {3389}),
      // Two that Prowler has renamed: the name is the earlier id.
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_ftp_20_21",
                  "ec2_securitygroup_allow_ingress_from_internet_to_tcp_ftp_port_20_21",
                  "Group lets everyone in to FTP", {20, 21}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mongodb_27017_27018",
                  "ec2_securitygroup_allow_ingress_from_internet_to_port_mongodb_27017_27018",
                  "Group lets everyone in to MongoDB", {27017, 27018}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_cassandra_7199_9160_8888",
                  "Group lets everyone in to Cassandra", {7199, 9160, 8888}),
      ports_check(
          "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_elasticsearch_kibana_9200_9300_5601",
          "Group lets everyone in to Elasticsearch or Kibana", {9200, 9300, 5601}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_kafka_9092",
                  "Group lets everyone in to Kafka", {9092}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_memcached_11211",
                  "Group lets everyone in to Memcached", {11211}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_mysql_3306",
                  "Group lets everyone in to MySQL", {3306}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_oracle_1521_2483",
                  "Group lets everyone in to Oracle", {1521, 2483}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_postgres_5432",
                  "Group lets everyone in to PostgreSQL", {5432}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379",
                  "Group lets everyone in to Redis", {6379}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_sql_server_1433_1434",
                  "Group lets everyone in to SQL Server", {1433, 1434}),
      ports_check("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23",
                  "Group lets everyone in to Telnet", {23}),
  };
}

}  // namespace

std::vector<Check> prowler_checks() {
  using enum CheckSeverity;
  constexpr auto prowler = Catalogue::prowler;
  constexpr std::string_view any = "ec2_networkacl_allow_ingress_any_port";
  constexpr std::string_view ssh = "ec2_networkacl_allow_ingress_tcp_port_22";
  constexpr std::string_view rdp = "ec2_networkacl_allow_ingress_tcp_port_3389";
  constexpr std::string_view acl_unused = "ec2_networkacl_unused";
  constexpr std::string_view to_all = "ec2_securitygroup_allow_ingress_from_internet_to_all_ports";
  constexpr std::string_view to_any = "ec2_securitygroup_allow_ingress_from_internet_to_any_port";
  constexpr std::string_view wide = "ec2_securitygroup_allow_wide_open_public_ipv4";
  constexpr std::string_view standard = "ec2_securitygroup_default_restrict_traffic";
  constexpr std::string_view wizard = "ec2_securitygroup_from_launch_wizard";
  constexpr std::string_view unused = "ec2_securitygroup_not_used";
  constexpr std::string_view many = "ec2_securitygroup_with_many_ingress_egress_rules";
  constexpr std::string_view instances = "ec2_instance_port_*_exposed_to_internet";
  constexpr std::string_view logs = "vpc_flow_logs_enabled";
  std::vector<Check> all{
      {any,
       any,
       prowler,
       high,
       "Network ACL lets everyone in to everything",
       acl_help,
       "allow the ports that are needed",
       "A-40, A-41",
       entries({}),
       {}},
      {ssh,
       ssh,
       prowler,
       medium,
       "Network ACL lets everyone in to SSH",
       acl_help,
       "deny the port with a lower number, or allow fewer ports",
       "A-40, A-41",
       entries({22}),
       {}},
      {rdp,
       rdp,
       prowler,
       medium,
       "Network ACL lets everyone in to RDP",
       acl_help,
       "deny the port with a lower number, or allow fewer ports",
       "A-40, A-41",
       entries({3389}),
       {}},
      {acl_unused,
       acl_unused,
       prowler,
       low,
       "Network ACL without a subnet",
       "No subnet is associated with the ACL. The default ACL is left out.",
       "associate a subnet with it, or remove it",
       "A-40",
       Look<NetworkAcl>(find_unused_acl),
       {}},
      {to_all,
       to_all,
       prowler,
       critical,
       "Group lets everyone in to every port",
       "An ingress rule from 0.0.0.0/0 or ::/0 is for all protocols, or for all ports of one.",
       narrow,
       "A-42, A-12",
       Look<SecurityGroup>(all_ports),
       {}},
      {to_any,
       to_any,
       prowler,
       high,
       "Group lets everyone in",
       "An ingress rule of a group that is in use has the source 0.0.0.0/0 or ::/0, whatever its ports. "
       "Right for "
       "public servers, and then to be suppressed with that reason.",
       narrow,
       "A-42",
       Look<SecurityGroup>(any_port),
       {}},
      {wide,
       wide,
       prowler,
       high,
       "Rule for a wide range of public addresses",
       "A public IPv4 range with a prefix length from 1 to 23 holds at least 512 addresses of strangers.",
       "name narrower ranges",
       "A-43",
       Look<SecurityGroup>(wide_open),
       {}},
      {standard,
       standard,
       prowler,
       high,
       "Default group has rules",
       "Interfaces that name no group get the default group. If it has no rules, nothing is open by "
       "accident.",
       "write the group default with ingress: [] and egress: []",
       "A-43",
       Look<SecurityGroup>(find_open_default_group),
       {}},
      {wizard,
       wizard,
       prowler,
       medium,
       "Group made by the launch wizard",
       "Such groups are made in passing, usually open SSH to everyone, and are rarely looked at again.",
       "write a group for the purpose",
       "A-43",
       Look<SecurityGroup>(launch_wizard),
       {}},
      {unused,
       unused,
       prowler,
       low,
       "Group that nothing uses",
       "No interface carries the group and no rule of another group names it.",
       "remove it",
       "A-43",
       Look<SecurityGroup>(find_unused_group),
       {}},
      {many,
       many,
       prowler,
       medium,
       "Group with many rules",
       "More rules than the parameter says, in one direction, are hard to oversee.",
       "divide the group, or use prefix lists",
       "A-43",
       Look<SecurityGroup>(many_rules),
       {{"max_security_group_rules", CheckParameter::Kind::number, "50"}}},
      {instances,
       instances,
       prowler,
       high,
       "Instance with an exposed port",
       "a policy file knows interfaces, and neither instances nor their public addresses",
       "",
       "A-42",
       NotAnswerable{},
       {}},
      {logs,
       logs,
       prowler,
       medium,
       "VPC without a flow log",
       "a policy file does not say where flow logs go",
       "",
       "A-43",
       NotAnswerable{},
       {}},
  };
  for (Check& check : port_checks()) all.push_back(std::move(check));
  return all;
}

}  // namespace vpcwall
