#include "explain/edit_json.h"

#include <algorithm>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

void add_traffic(ordered_json& json, const Traffic& traffic) {
  json["protocol"] = traffic.protocol ? to_string(*traffic.protocol) : "all";
  if (!traffic.protocol) return;
  if (has_ports(*traffic.protocol)) json["ports"] = traffic.ports.is_all() ? "all" : to_string(traffic.ports);
  if (!is_icmp(*traffic.protocol)) return;
  json["type"] = traffic.icmp_type ? std::to_string(*traffic.icmp_type) : "all";
  if (traffic.icmp_code) json["code"] = *traffic.icmp_code;
}

template <class Object>
std::string name_of(const std::vector<Object>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Object& one) { return one.id == id; });
  return found == all.end() || found->name.empty() ? id : found->name;
}

ordered_json entry_json(const NetworkAclEntry& entry) {
  ordered_json json{{"rule", entry.number}, {"action", entry.action == Action::allow ? "allow" : "deny"}};
  add_traffic(json, entry.traffic);
  json["cidr"] = to_string(entry.cidr);
  return json;
}

ordered_json peer_json(const Peer& peer, const Policy& policy) {
  if (const auto* prefix = std::get_if<Prefix>(&peer)) return to_string(*prefix);
  if (const auto* group = std::get_if<GroupReference>(&peer))
    return {{"group", name_of(policy.security_groups, group->id)}};
  const auto& list = std::get<PrefixListReference>(peer);
  return {{"prefix_list", name_of(policy.prefix_lists, list.id)}};
}

ordered_json rule_json(Direction direction, const SecurityGroupRule& rule, const Policy& policy) {
  ordered_json json = ordered_json::object();
  add_traffic(json, rule.traffic);
  json[direction == Direction::ingress ? "source" : "destination"] = peer_json(rule.peer, policy);
  return json;
}

class EditWriter {
 public:
  explicit EditWriter(const Policy& policy) : policy_(policy) {}

  ordered_json operator()(const AddEntry& edit) const {
    return entry("add-entry", edit.network_acl, edit.direction, edit.entry);
  }
  ordered_json operator()(const ReplaceEntry& edit) const {
    return entry("replace-entry", edit.network_acl, edit.direction, edit.entry);
  }
  ordered_json operator()(const AddRule& edit) const {
    return rule("add-rule", edit.group, edit.direction, edit.rule);
  }
  ordered_json operator()(const RemoveRule& edit) const {
    return rule("remove-rule", edit.group, edit.direction, edit.rule);
  }
  ordered_json operator()(const SetSourceDestCheck& edit) const {
    return {{"edit", "set-source-dest-check"},
            {"interface", name_of(policy_.interfaces, edit.interface)},
            {"id", edit.interface},
            {"source_dest_check", edit.on}};
  }
  template <class Other>
  ordered_json operator()(const Other&) const {
    return {{"edit", "other"}};  // no fix is made of these
  }

 private:
  [[nodiscard]] ordered_json entry(const char* what, const std::string& acl, Direction direction,
                                   const NetworkAclEntry& entry) const {
    return {{"edit", what},
            {"network_acl", name_of(policy_.network_acls, acl)},
            {"id", acl},
            {"direction", to_string(direction)},
            {"entry", entry_json(entry)}};
  }
  [[nodiscard]] ordered_json rule(const char* what, const std::string& group, Direction direction,
                                  const SecurityGroupRule& rule) const {
    return {{"edit", what},
            {"security_group", name_of(policy_.security_groups, group)},
            {"id", group},
            {"direction", to_string(direction)},
            {"rule", rule_json(direction, rule, policy_)}};
  }

  const Policy& policy_;
};

// {rule: 110, action: allow, …}, as one would write it into the file.
std::string flow_text(const ordered_json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    std::string word = value.is_object()   ? flow_text(value)
                       : value.is_string() ? value.get<std::string>()
                                           : value.dump();
    // A colon inside of a word would end it: IPv6.
    if (value.is_string() && word.find(':') != std::string::npos) word = '"' + word + '"';
    text += (text.empty() ? "" : ", ") + key + ": " + word;
  }
  return '{' + text + '}';
}

}  // namespace

ordered_json to_json(const Edit& edit, const Policy& policy) { return std::visit(EditWriter(policy), edit); }

std::string edit_text(const ordered_json& edit) {
  const std::string what = edit.at("edit").get<std::string>();
  if (what == "set-source-dest-check")
    return "set on interface " + edit.at("interface").get<std::string>() + ": " +
           flow_text({{"source_dest_check", edit.at("source_dest_check")}});
  const bool acl = edit.contains("network_acl");
  const std::string where = (acl ? "network ACL " + edit.at("network_acl").get<std::string>()
                                 : "security group " + edit.at("security_group").get<std::string>()) +
                            ", " + edit.at("direction").get<std::string>() + ": ";
  const std::string verb = what == "remove-rule"     ? "remove from "
                           : what == "replace-entry" ? "replace in "
                                                     : "add to ";
  return verb + where + flow_text(edit.at(acl ? "entry" : "rule"));
}

}  // namespace vpcwall
