// Which id belongs to which name, for every kind of object; filled before any reference is read, so that
// the order of the file does not matter.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/yaml_reader.h"

namespace vpcwall {

enum class ObjectKind : std::uint8_t { security_group, network_acl, subnet, interface, prefix_list };
inline constexpr std::size_t object_kind_count = 5;

// "sg", "acl", "subnet", "eni" or "pl".
[[nodiscard]] std::string_view id_prefix(ObjectKind kind) noexcept;
// The EC2 API's error code for an id of another form: "InvalidGroupId.Malformed", …
[[nodiscard]] std::string_view malformed_id_code(ObjectKind kind) noexcept;
// "security group", "network ACL", …
[[nodiscard]] std::string_view to_string(ObjectKind kind) noexcept;

struct Identity {
  std::string id;
  std::string name;
  SourcePosition id_at, name_at;  // of the object when not written
};

class NameDirectory {
 public:
  explicit NameDirectory(Reporter& reporter) : reporter_(reporter) {}

  // Reads `id` and `name` of every item of a section, in order; an item that is not a mapping gets an empty
  // identity (its reader reports it). Reports malformed, missing and repeated ids and names that no object
  // may have: those that look like an id.
  [[nodiscard]] std::vector<Identity> declare(ObjectKind kind, const YamlNode* section);
  // An object that exists without being written.
  void add(ObjectKind kind, const std::string& id, const std::string& name);

  [[nodiscard]] bool has_name(ObjectKind kind, std::string_view name) const;
  [[nodiscard]] bool has_id(ObjectKind kind, std::string_view id) const;
  [[nodiscard]] std::optional<std::string> find_name(ObjectKind kind, std::string_view name) const;

  // A reference by name or id -> id. Reports what does not exist, with the nearest name.
  [[nodiscard]] std::optional<std::string> resolve(ObjectKind kind, const YamlNode& node) const;
  // By name only, as in {group: NAME}.
  [[nodiscard]] std::optional<std::string> resolve_name(ObjectKind kind, const YamlNode& node) const;

 private:
  struct Names {
    std::map<std::string, std::string, std::less<>> ids;  // by name
    std::set<std::string, std::less<>> known_ids;
  };
  [[nodiscard]] Names& names(ObjectKind kind) { return names_.at(static_cast<std::size_t>(kind)); }
  [[nodiscard]] const Names& names(ObjectKind kind) const {
    return names_.at(static_cast<std::size_t>(kind));
  }
  [[nodiscard]] Identity read_identity(ObjectKind kind, const YamlNode& item);
  void report_unknown(ObjectKind kind, const YamlNode& node) const;

  Reporter& reporter_;
  std::array<Names, object_kind_count> names_;
};

}  // namespace vpcwall
