#include "scenario/edit_reader.h"

#include <array>
#include <utility>

#include "policy/name_directory.h"
#include "policy/rule_reader.h"
#include "policy/validate.h"
#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

class EditReader {
 public:
  EditReader(const Policy& policy, Reporter& reporter) : reporter_(reporter), directory_(reporter) {
    for (const auto& one : policy.security_groups)
      directory_.add(ObjectKind::security_group, one.id, one.name);
    for (const auto& one : policy.network_acls) directory_.add(ObjectKind::network_acl, one.id, one.name);
    for (const auto& one : policy.subnets) directory_.add(ObjectKind::subnet, one.id, one.name);
    for (const auto& one : policy.interfaces) directory_.add(ObjectKind::interface, one.id, one.name);
    for (const auto& one : policy.prefix_lists) directory_.add(ObjectKind::prefix_list, one.id, one.name);
  }

  void read(const YamlNode& node) {
    static constexpr std::array<std::pair<std::string_view, void (EditReader::*)(const YamlNode&)>, 10> verbs{
        {
            {"add_rule", &EditReader::add_rule},
            {"remove_rule", &EditReader::remove_rule},
            {"add_entry", &EditReader::add_entry},
            {"replace_entry", &EditReader::replace_entry},
            {"remove_entry", &EditReader::remove_entry},
            {"associate", &EditReader::associate},
            {"set_groups", &EditReader::set_groups},
            {"set_prefix_list", &EditReader::set_prefix_list},
            {"delete_group", &EditReader::delete_group},
            {"delete_network_acl", &EditReader::delete_network_acl},
        }};
    const MappingReader edit(
        node, "a change",
        {"add_rule", "remove_rule", "add_entry", "replace_entry", "remove_entry", "associate", "set_groups",
         "set_prefix_list", "delete_group", "delete_network_acl"},
        reporter_);
    if (!edit.is_mapping()) return;
    if (node.children.size() != 2)
      reporter_.error(
          node.at,
          "found " + std::to_string(node.children.size() / 2) + " edits in one item, expected exactly one",
          "write a list of edits");
    for (const auto& [verb, read_verb] : verbs)
      if (const YamlNode* value = edit.find(verb)) (this->*read_verb)(*value);
  }

  std::vector<Edit> take() { return std::move(edits_); }

 private:
  // The one of the keys ingress and egress that is written.
  struct Side {
    Direction direction = Direction::ingress;
    const YamlNode* value = nullptr;
  };
  std::optional<Side> side_of(const MappingReader& map) {
    const YamlNode* in = map.find("ingress");
    const YamlNode* out = map.find("egress");
    if ((in == nullptr) == (out == nullptr)) {
      if (map.is_mapping()) reporter_.error(map.at(), "expected either the key ingress or the key egress");
      return std::nullopt;
    }
    return in != nullptr ? Side{Direction::ingress, in} : Side{Direction::egress, out};
  }

  std::optional<std::string> object(ObjectKind kind, const YamlNode* node) {
    return node != nullptr ? directory_.resolve(kind, *node) : std::nullopt;
  }

  template <class RuleEdit>
  void rule(const YamlNode& node, std::string_view what) {
    const MappingReader map(node, what, {"group", "ingress", "egress"}, reporter_);
    const auto group = object(ObjectKind::security_group, map.require("group"));
    const auto side = side_of(map);
    if (!group || !side) return;
    if (const auto rule = read_rule(*side->value, *group, side->direction, directory_, reporter_))
      edits_.push_back(RuleEdit{*group, side->direction, *rule});
  }
  void add_rule(const YamlNode& node) { rule<AddRule>(node, "add_rule"); }
  void remove_rule(const YamlNode& node) { rule<RemoveRule>(node, "remove_rule"); }

  template <class EntryEdit>
  void entry(const YamlNode& node, std::string_view what) {
    const MappingReader map(node, what, {"network_acl", "ingress", "egress"}, reporter_);
    const auto acl = object(ObjectKind::network_acl, map.require("network_acl"));
    const auto side = side_of(map);
    if (!acl || !side) return;
    if (const auto entry = read_entry(*side->value, side->direction, reporter_))
      edits_.push_back(EntryEdit{*acl, side->direction, *entry});
  }
  void add_entry(const YamlNode& node) { entry<AddEntry>(node, "add_entry"); }
  void replace_entry(const YamlNode& node) { entry<ReplaceEntry>(node, "replace_entry"); }

  void remove_entry(const YamlNode& node) {
    const MappingReader map(node, "remove_entry", {"network_acl", "ingress", "egress"}, reporter_);
    const auto acl = object(ObjectKind::network_acl, map.require("network_acl"));
    const auto side = side_of(map);
    if (!acl || !side) return;
    if (const auto number = read_number(*side->value, "a rule number", 1, max_rule_number, reporter_,
                                        "InvalidParameterValue"))
      edits_.push_back(RemoveEntry{*acl, side->direction, static_cast<std::uint16_t>(*number)});
  }

  void associate(const YamlNode& node) {
    const MappingReader map(node, "associate", {"subnet", "network_acl"}, reporter_);
    const auto subnet = object(ObjectKind::subnet, map.require("subnet"));
    const auto acl = object(ObjectKind::network_acl, map.require("network_acl"));
    if (subnet && acl) edits_.push_back(AssociateAcl{*subnet, *acl});
  }

  void set_groups(const YamlNode& node) {
    const MappingReader map(node, "set_groups", {"interface", "security_groups"}, reporter_);
    const auto interface = object(ObjectKind::interface, map.require("interface"));
    const YamlNode* list = map.require("security_groups");
    if (!interface || list == nullptr) return;
    SetGroups edit{*interface, {}};
    for (const YamlNode* item : read_list(*list, "security_groups", reporter_))
      if (const auto group = directory_.resolve(ObjectKind::security_group, *item))
        edit.security_groups.push_back(*group);
    edits_.emplace_back(std::move(edit));
  }

  void set_prefix_list(const YamlNode& node) {
    const MappingReader map(node, "set_prefix_list", {"prefix_list", "entries"}, reporter_);
    const auto list = object(ObjectKind::prefix_list, map.require("prefix_list"));
    const YamlNode* entries = map.require("entries");
    if (!list || entries == nullptr) return;
    SetListEntries edit{*list, {}};
    for (const YamlNode* item : read_list(*entries, "entries", reporter_))
      if (const auto cidr = read_cidr(*item, "an entry", reporter_))
        edit.entries.push_back({*cidr, {}, item->at});
    edits_.emplace_back(std::move(edit));
  }

  void delete_group(const YamlNode& node) {
    if (const auto group = object(ObjectKind::security_group, &node)) edits_.push_back(DeleteGroup{*group});
  }
  void delete_network_acl(const YamlNode& node) {
    if (const auto acl = object(ObjectKind::network_acl, &node)) edits_.push_back(DeleteAcl{*acl});
  }

  Reporter& reporter_;
  NameDirectory directory_;
  std::vector<Edit> edits_;
};

}  // namespace

std::vector<Edit> read_edits(const YamlNode& node, const Policy& policy, Reporter& reporter) {
  EditReader reader(policy, reporter);
  if (node.kind == YamlNode::Kind::sequence) {
    for (const YamlNode* item : node.children) reader.read(*item);
    if (node.children.empty())
      reporter.error(node.at, "found an empty list of changes, expected at least one edit");
  } else {
    reader.read(node);
  }
  return reader.take();
}

}  // namespace vpcwall
