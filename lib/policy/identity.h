// Ids for what the operator did not name: always the same for the same input, on every host and release.
//
// AWS's ids are a kind, a dash and 17 hexadecimal digits; ours look the same ("sg-0" + 16 digits of a 64-bit
// FNV-1a digest). A derived id is a name tag, not a secret: collisions are checked by the loader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace vpcwall {

// "sg", "web" -> "sg-0…". Used for groups, ACLs, subnets, interfaces and prefix lists.
[[nodiscard]] std::string derive_id(std::string_view kind, std::string_view name);

// A rule's identity is direction, protocol, ports (or type and code) and peer; not its description (S-74).
[[nodiscard]] std::string derive_rule_id(std::string_view group_id, Direction direction,
                                         const Traffic& traffic, const Peer& peer);

// The range that a peer is, or the id of the group or list that it names. Derived ids rest on it.
[[nodiscard]] std::string peer_identity(const Peer& peer);

// The identity of a rule inside its group as text: equal exactly for rules that AWS calls duplicates (S-73).
[[nodiscard]] std::string rule_identity(Direction direction, const Traffic& traffic, const Peer& peer);

// The digest that ids are made of, for names of every kind.
[[nodiscard]] std::uint64_t digest_of_name(std::string_view name) noexcept;

// `kind`, a dash and 1 to 40 of the digits 0-9 a-f; "sg-0a1b" is a well-formed id of kind "sg".
[[nodiscard]] bool is_well_formed_id(std::string_view kind, std::string_view text) noexcept;

}  // namespace vpcwall
