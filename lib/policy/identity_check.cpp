#include <map>
#include <set>

#include "policy/default_objects.h"
#include "policy/identity.h"
#include "policy/name_directory.h"
#include "policy/validate.h"
#include "text/escape.h"

namespace vpcwall {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

// S-75. The ampersand is missing in AWS's page but stands in the API's own error text.
bool is_description_letter(char letter) noexcept {
  const bool alphanumeric = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= '0' && letter <= '9');
  return alphanumeric || std::string_view(" ._-:/()#,@[]+=&;{}!$*").find(letter) != std::string_view::npos;
}

// "Default" and the like: names are equal without regard to case, and only the VPC's own group has this one.
bool is_reserved(std::string_view name) {
  return name != default_object_name && lower(name) == default_object_name;
}

constexpr std::string_view letters_of_aws = "a-z A-Z 0-9 space ._-:/()#,@[]+=&;{}!$*";

// The first character that a name or description may not have; nothing when there is none. Names that are
// tags in AWS may also have what is beyond ASCII and can be shown (S-86).
std::string_view first_wrong(std::string_view text, bool beyond_ascii) noexcept {
  while (!text.empty()) {
    std::size_t size = 1;
    const bool ascii = static_cast<unsigned char>(text.front()) < 0x80U;
    while (!ascii && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) ++size;
    const std::string_view character = text.substr(0, size);
    const bool fits =
        ascii ? is_description_letter(character.front()) : beyond_ascii && is_printable(character);
    if (!fits) return character;
    text.remove_prefix(size);
  }
  return {};
}

std::string write_without(std::string_view wrong) { return "write it without " + quoted(wrong); }

class IdentityCheck {
 public:
  explicit IdentityCheck(const PolicyCheck& check) : check_(check) {}

  void run() {
    const Policy& policy = check_.policy;
    objects(policy.prefix_lists, Section::prefix_list, ObjectKind::prefix_list);
    objects(policy.security_groups, Section::security_group, ObjectKind::security_group);
    objects(policy.network_acls, Section::network_acl, ObjectKind::network_acl);
    objects(policy.subnets, Section::subnet, ObjectKind::subnet);
    objects(policy.interfaces, Section::interface, ObjectKind::interface);
    for (std::size_t i = 0; i < policy.security_groups.size(); ++i) group(policy.security_groups[i], i);
    for (std::size_t i = 0; i < policy.prefix_lists.size(); ++i) {
      const PrefixList& list = policy.prefix_lists[i];
      for (std::size_t j = 0; j < list.entries.size(); ++j)
        description(list.entries[j].description,
                    position({Section::prefix_list, i, Field::entry_description, j}, list.entries[j].at));
    }
  }

 private:
  [[nodiscard]] SourcePosition position(const FieldPath& path, SourcePosition otherwise) const {
    return check_.positions.find(path, otherwise);
  }
  void error(SourcePosition at, const std::string& message, const std::string& hint = {},
             std::string_view code = {}) {
    check_.reporter.error(at, message, hint, code);
  }

  template <class Object>
  void objects(const std::vector<Object>& all, Section section, ObjectKind kind) {
    std::map<std::string, SourcePosition> ids, names;
    const bool group_names = kind == ObjectKind::security_group;
    const std::string what(to_string(kind));
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Object& object = all[i];
      const SourcePosition id_at = position({section, i, Field::id}, object.at);
      const SourcePosition name_at = position({section, i, Field::name}, object.at);
      if (!is_well_formed_id(id_prefix(kind), object.id))
        error(id_at,
              "found " + quoted(object.id) + ", expected an id: " + std::string(id_prefix(kind)) +
                  "- and hexadecimal digits",
              {}, malformed_id_code(kind));
      const auto [same_id, new_id] = ids.emplace(object.id, id_at);
      if (!new_id && names.find(group_names ? lower(object.name) : object.name) == names.end())
        error(id_at, "found the id " + quoted(object.id) + " a second time",
              where_the_first_stands(same_id->second));
      if (object.name.empty()) {
        if (group_names)
          error(object.at, "found a security group without a name, expected one", {}, "MissingParameter");
        continue;
      }
      name(object.name, kind, name_at);
      const auto [same_name, new_name] =
          names.emplace(group_names ? lower(object.name) : object.name, name_at);
      const bool reserved = group_names && is_reserved(object.name);  // reported by name()
      if (!new_name && !reserved)
        error(name_at, "found the name " + quoted(object.name) + " for a second " + what,
              where_the_first_stands(same_name->second), group_names ? "InvalidGroup.Duplicate" : "");
    }
  }

  void name(const std::string& text, ObjectKind kind, SourcePosition at) {
    const std::string prefix = std::string(id_prefix(kind)) + '-';
    const bool group = kind == ObjectKind::security_group;
    constexpr std::string_view bad_value = "InvalidParameterValue";
    if (group && is_reserved(text))
      error(at, "found the name " + quoted(text) + ", which is reserved",
            "write default for the VPC's own group", "InvalidGroup.Reserved");
    if (lower(text).starts_with(prefix))
      error(
          at,
          "found the name " + quoted(text) + ", expected one that does not begin like an id, with " + prefix,
          {}, group ? bad_value : std::string_view{});
    if (text.size() > max_name_length)
      error(at,
            "found a name of " + std::to_string(text.size()) + " bytes, expected at most " +
                std::to_string(max_name_length),
            {}, group ? bad_value : std::string_view{});
    if (text.find_first_not_of(' ') == std::string::npos) {  // S-82: nothing is left of it
      error(at, "found a name of spaces, expected one with letters", {},
            group ? "MissingParameter" : std::string_view{});
    } else if (text.back() == ' ') {
      error(at, "found the name " + quoted(text) + ", expected one without spaces at its end");
    }
    if (const std::string_view wrong = first_wrong(text, !group); !wrong.empty())
      error(at,
            "found " + quoted(text) + ", expected a name of " + std::string(letters_of_aws) +
                (group ? "" : ", or letters beyond ASCII"),
            write_without(wrong), group ? bad_value : std::string_view{});
  }

  void description(const std::string& text, SourcePosition at) {
    if (text.size() > max_name_length)
      error(at,
            "found a description of " + std::to_string(text.size()) + " bytes, expected at most " +
                std::to_string(max_name_length),
            {}, "InvalidParameterValue");
    if (const std::string_view wrong = first_wrong(text, false); !wrong.empty())
      error(at, "found the description " + quoted(text) + ", expected only " + std::string(letters_of_aws),
            write_without(wrong), "InvalidParameterValue");
  }

  void group(const SecurityGroup& group, std::size_t index) {
    description(group.description, position({Section::security_group, index, Field::description}, group.at));
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      const bool ingress = direction == Direction::ingress;
      const auto& rules = group.rules(direction);
      for (std::size_t i = 0; i < rules.size(); ++i) {
        const SecurityGroupRule& rule = rules[i];
        const Field text = ingress ? Field::ingress_description : Field::egress_description;
        const Field id = ingress ? Field::ingress_id : Field::egress_id;
        description(rule.description, position({Section::security_group, index, text, i}, rule.at));
        const SourcePosition id_at = position({Section::security_group, index, id, i}, rule.at);
        if (!is_well_formed_id("sgr", rule.id))
          error(id_at, "found " + quoted(rule.id) + ", expected an id: sgr- and hexadecimal digits", {},
                "InvalidSecurityGroupRuleId.Malformed");
        rule_id(rule, group, direction, id_at);
      }
    }
  }

  // Rules of equal content have equal derived ids; they are reported as duplicates and not here as well.
  void rule_id(const SecurityGroupRule& rule, const SecurityGroup& group, Direction direction,
               SourcePosition at) {
    const std::string content = group.id + ' ' + rule_identity(direction, rule.traffic, rule.peer);
    const auto [same, is_new] = rule_ids_.try_emplace(rule.id, Seen{content, at});
    if (!is_new && same->second.content != content)
      error(at, "found the rule id " + quoted(rule.id) + " a second time",
            where_the_first_stands(same->second.at));
  }

  struct Seen {
    std::string content;
    SourcePosition at;
  };
  const PolicyCheck& check_;
  std::map<std::string, Seen> rule_ids_;  // of the whole policy
};

}  // namespace

void check_identities(const PolicyCheck& check) { IdentityCheck(check).run(); }

}  // namespace vpcwall
