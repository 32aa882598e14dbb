#include "explain/codes.h"

#include <algorithm>

#include "explain/nearest.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

// N-7: the numbers that AWS's API gives the `*` entries.
constexpr unsigned star_number(Family family) noexcept { return family == Family::ipv4 ? 32767 : 32768; }

ordered_json code(const char* name, const Refusal& refusal) {
  return {{"ExplanationCode", name},
          {"Direction", to_string(refusal.direction)},
          {"Leg", refusal.reply ? "reply" : "request"}};
}

ordered_json star_rule(const Refusal& refusal) {
  const Family family = refusal.packet.family();
  return {{"Cidr", family == Family::ipv4 ? "0.0.0.0/0" : "::/0"},
          {"Egress", refusal.direction == Direction::egress},
          {"Protocol", "all"},
          {"RuleAction", "deny"},
          {"RuleNumber", star_number(family)}};
}

ordered_json entry_rule(const NetworkAclEntry& entry, const Refusal& refusal) {
  ordered_json rule{{"Cidr", to_string(entry.cidr)},
                    {"Egress", refusal.direction == Direction::egress},
                    {"Protocol", entry.traffic.protocol ? to_string(*entry.traffic.protocol) : "all"}};
  if (entry.traffic.protocol && has_ports(*entry.traffic.protocol))
    rule["PortRange"] = {{"From", entry.traffic.ports.first}, {"To", entry.traffic.ports.last}};
  rule["RuleAction"] = entry.action == Action::allow ? "allow" : "deny";
  rule["RuleNumber"] = entry.number;
  return rule;
}

ordered_json acl_rule(const JudgedPolicy& policy, const NetworkAcl& acl, const Refusal& refusal) {
  const std::string number = policy.slots.identity(refusal.gate.rule).rule;
  for (const NetworkAclEntry& entry : acl.entries(refusal.direction))
    if (std::to_string(entry.number) == number) return entry_rule(entry, refusal);
  return star_rule(refusal);
}

void add_acl(const JudgedPolicy& policy, const Refusal& refusal, ordered_json& codes) {
  const NetworkAcl& acl = policy.acl_of(refusal.gate);
  ordered_json restriction = code("SUBNET_ACL_RESTRICTION", refusal);
  restriction["Acl"] = {{"Id", acl.id}};
  restriction["AclRule"] = acl_rule(policy, acl, refusal);
  restriction["Subnet"] = {{"Id", policy.subnet_of(refusal.gate).id}};
  codes.push_back(std::move(restriction));
}

void add_groups(const JudgedPolicy& policy, const Refusal& refusal, ordered_json& codes) {
  const CompiledInterface& interface = policy.compiled.interfaces.at(refusal.gate.interface);
  const std::vector<const SecurityGroup*> groups = policy.groups_of(refusal.gate.interface);
  ordered_json mismatch = code("ENI_SG_RULES_MISMATCH", refusal);
  mismatch["NetworkInterface"] = {{"Id", interface.id}};
  mismatch["SecurityGroups"] = ordered_json::array();
  for (const SecurityGroup* group : groups) mismatch["SecurityGroups"].push_back({{"Id", group->id}});
  codes.push_back(std::move(mismatch));
  for (const SecurityGroup* group : groups)
    if (group->rules(refusal.direction).empty()) {
      codes.push_back(code("SG_HAS_NO_RULES", refusal));
      codes.back()["SecurityGroup"] = {{"Id", group->id}};
    }
  if (policy.written.behavior.sg_identity_lost.empty()) return;
  for (const NearRule& near : near_rules(policy, refusal))
    if (near.only(Misfit::hidden)) {
      codes.push_back(code("SG_REFERENCES_NOT_PRESERVED", refusal));
      codes.back()["SecurityGroup"] = {{"Id", near.identity.owner}};
      codes.back()["NetworkInterface"] = {{"Id", interface.id}};
    }
}

void add_check(const JudgedPolicy& policy, const Refusal& refusal, ordered_json& codes) {
  const CompiledInterface& interface = policy.compiled.interfaces.at(refusal.gate.interface);
  const bool leaving = refusal.direction == Direction::egress;
  codes.push_back(code("ENI_SOURCE_DEST_CHECK_RESTRICTION", refusal));
  codes.back()["NetworkInterface"] = {{"Id", interface.id}};
  codes.push_back(code("ENI_ADDRESS_RESTRICTION", refusal));
  codes.back()["NetworkInterface"] = {{"Id", interface.id}};
  codes.back()["Address"] = to_string(leaving ? refusal.packet.source : refusal.packet.destination);
  codes.back()["PacketField"] = leaving ? "source-address" : "destination-address";
}

}  // namespace

ordered_json codes_of(const JudgedPolicy& policy, const Refusal& refusal) {
  ordered_json codes = ordered_json::array();
  if (refusal.gate.outcome == Outcome::table_full) return codes;
  if (refusal.at_acl())
    add_acl(policy, refusal, codes);
  else if (refusal.gate.gate == Gate::source_dest_check)
    add_check(policy, refusal, codes);
  else
    add_groups(policy, refusal, codes);
  return codes;
}

}  // namespace vpcwall
