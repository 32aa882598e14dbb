#include "policy/name_directory.h"

#include <algorithm>

#include "policy/identity.h"

namespace vpcwall {
namespace {

struct Words {
  std::string_view prefix, name, malformed, not_found;
};

constexpr std::array<Words, object_kind_count> words{{
    {"sg", "security group", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"},
    {"acl", "network ACL", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound"},
    {"subnet", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"},
    {"eni", "interface", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound"},
    {"pl", "prefix list", "InvalidPrefixListID.Malformed", "InvalidPrefixListID.NotFound"},
}};

const Words& words_of(ObjectKind kind) noexcept { return words[static_cast<std::size_t>(kind)]; }

bool looks_like_id(ObjectKind kind, std::string_view text) {
  return text.starts_with(std::string(id_prefix(kind)) + '-');
}

}  // namespace

std::string_view id_prefix(ObjectKind kind) noexcept { return words_of(kind).prefix; }
std::string_view malformed_id_code(ObjectKind kind) noexcept { return words_of(kind).malformed; }
std::string_view to_string(ObjectKind kind) noexcept { return words_of(kind).name; }

Identity NameDirectory::read_identity(ObjectKind kind, const YamlNode& item) {
  const std::string what(to_string(kind));
  const std::string prefix(id_prefix(kind));
  Identity identity;
  identity.id_at = identity.name_at = item.at;
  const YamlNode* id = value_of(item, "id");
  const YamlNode* name = value_of(item, "name");
  if (name != nullptr) {
    identity.name_at = name->at;
    if (auto text = read_text(*name, "the name of a " + what, reporter_)) {
      const auto end = text->find_last_not_of(' ');  // S-82: those at the end go, those at the front stay
      if (end != std::string::npos && end + 1 < text->size()) {
        text->resize(end + 1);
        reporter_.warning(name->at, "found a name with spaces at its end", "it is read as " + quoted(*text));
      }
      if (end != std::string::npos && text->front() == ' ')
        reporter_.warning(name->at, "found a name with spaces at its front, which are part of it",
                          "remove them unless they are meant");
      identity.name = *text;
    }
  }
  if (id != nullptr) {
    identity.id_at = id->at;
    if (const auto text = read_text(*id, "the id of a " + what, reporter_)) {
      if (is_well_formed_id(prefix, *text)) {
        identity.id = *text;
      } else {
        reporter_.error(id->at,
                        "found " + quoted(*text) + ", expected an id: " + prefix + "- and hexadecimal digits",
                        "remove it and an id is derived from the name", words_of(kind).malformed);
      }
    }
  }
  // The API wants names for these two only.
  const bool needs_name = kind == ObjectKind::security_group || kind == ObjectKind::prefix_list;
  if (id == nullptr && name == nullptr)
    reporter_.error(item.at, "found a " + what + " without name and id, expected a name", {},
                    needs_name ? "MissingParameter" : "");
  if (identity.id.empty() && !identity.name.empty()) identity.id = derive_id(prefix, identity.name);
  return identity;
}

std::vector<Identity> NameDirectory::declare(ObjectKind kind, const YamlNode* section) {
  std::vector<Identity> identities;
  if (section == nullptr || section->kind != YamlNode::Kind::sequence) return identities;
  identities.reserve(section->children.size());
  for (const YamlNode* item : section->children) {
    Identity identity;
    if (item->kind == YamlNode::Kind::mapping) identity = read_identity(kind, *item);
    if (!identity.id.empty()) names(kind).known_ids.insert(identity.id);
    if (!identity.name.empty()) names(kind).ids.emplace(identity.name, identity.id);
    identities.push_back(std::move(identity));
  }
  return identities;
}

void NameDirectory::add(ObjectKind kind, const std::string& id, const std::string& name) {
  names(kind).ids.emplace(name, id);
  names(kind).known_ids.insert(id);
}

bool NameDirectory::has_name(ObjectKind kind, std::string_view name) const {
  return names(kind).ids.contains(name);
}

bool NameDirectory::has_id(ObjectKind kind, std::string_view id) const {
  return names(kind).known_ids.contains(id);
}

std::optional<std::string> NameDirectory::find_name(ObjectKind kind, std::string_view name) const {
  const auto found = names(kind).ids.find(name);
  return found == names(kind).ids.end() ? std::nullopt : std::optional(found->second);
}

void NameDirectory::report_unknown(ObjectKind kind, const YamlNode& node) const {
  std::vector<std::string_view> candidates;
  const Names& known = names(kind);
  if (!reporter_.can_compare(known.ids.size() + known.known_ids.size())) {
    // Too many unknown names already: collecting the known ones each time would be the slowest part of all.
  } else if (looks_like_id(kind, node.text)) {
    candidates.assign(known.known_ids.begin(), known.known_ids.end());
  } else {
    for (const auto& [name, id] : known.ids) candidates.emplace_back(name);
  }
  const std::string what(to_string(kind));
  const bool malformed = looks_like_id(kind, node.text) && !is_well_formed_id(id_prefix(kind), node.text);
  reporter_.error(node.at,
                  "found " + quoted(node.text) + ", expected the name or id of a " + what + " of this file",
                  reporter_.did_you_mean(node.text, candidates),
                  malformed ? words_of(kind).malformed : words_of(kind).not_found);
}

std::optional<std::string> NameDirectory::resolve(ObjectKind kind, const YamlNode& node) const {
  auto text = read_text(node, "the name or id of a " + std::string(to_string(kind)), reporter_);
  if (!text) return std::nullopt;
  if (looks_like_id(kind, *text)) {
    if (has_id(kind, *text)) return text;
  } else if (auto id = find_name(kind, *text)) {
    return id;
  }
  report_unknown(kind, node);
  return std::nullopt;
}

std::optional<std::string> NameDirectory::resolve_name(ObjectKind kind, const YamlNode& node) const {
  const auto text = read_text(node, "the name of a " + std::string(to_string(kind)), reporter_);
  if (!text) return std::nullopt;
  if (auto id = find_name(kind, *text)) return id;
  report_unknown(kind, node);
  return std::nullopt;
}

}  // namespace vpcwall
