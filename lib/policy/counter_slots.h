// Who a counter belongs to. A rule keeps its counters for as long as it keeps its identity, over every
// reload, whatever its position; a rule whose match changes is a new rule and starts at zero.
//
// Slots are small dense numbers handed out by this registry and never reused while the process lives, so that
// workers can count into plain arrays. The registry is written by compile(), one thread at a time; workers
// know slots, never identities.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/address.h"
#include "policy/policy.h"

namespace vpcwall {

using CounterSlot = std::uint32_t;
inline constexpr CounterSlot no_slot = 0xffffffffU;

enum class RuleKind : std::uint8_t {
  acl_entry,      // a numbered entry
  acl_default,    // `*`, one per direction and family (N-7)
  group_rule,     // a security group rule
  group_default,  // the implicit deny of an interface's groups, one per direction (S-6)
};
[[nodiscard]] std::string_view to_string(RuleKind kind) noexcept;

struct RuleIdentity {
  RuleKind kind = RuleKind::acl_entry;
  std::string owner;  // acl-…, sg-…, or eni-… for group_default
  Direction direction = Direction::ingress;
  Family family = Family::ipv4;  // acl_default only
  std::string rule;              // "100", "*", "sgr-…"
  std::string match;             // what it matches, in words: "allow tcp 443 0.0.0.0/0"
  friend auto operator<=>(const RuleIdentity&, const RuleIdentity&) = default;
};

class CounterSlots {
 public:
  // The slot of `identity`, new or known. The owner's name is for people: it may change, the slot stays.
  CounterSlot assign(const RuleIdentity& identity, const std::string& owner_name);
  // Owners are called as in `earlier`, of which this is a later state.
  void take_names(const CounterSlots& earlier);
  [[nodiscard]] const RuleIdentity& identity(CounterSlot slot) const { return identities_.at(slot); }
  [[nodiscard]] const std::string& owner_name(CounterSlot slot) const { return owner_names_.at(slot); }
  [[nodiscard]] std::size_t size() const noexcept { return identities_.size(); }

 private:
  std::map<RuleIdentity, CounterSlot> slots_;
  std::vector<RuleIdentity> identities_;
  std::vector<std::string> owner_names_;
};

}  // namespace vpcwall
