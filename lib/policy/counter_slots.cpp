#include "policy/counter_slots.h"

#include <algorithm>

namespace vpcwall {

std::string_view to_string(RuleKind kind) noexcept {
  switch (kind) {
    case RuleKind::acl_entry: return "acl-entry";
    case RuleKind::acl_default: return "acl-default";
    case RuleKind::group_rule: return "group-rule";
    case RuleKind::group_default: return "group-default";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

CounterSlot CounterSlots::assign(const RuleIdentity& identity, const std::string& owner_name) {
  const auto [position, added] = slots_.try_emplace(identity, static_cast<CounterSlot>(identities_.size()));
  if (added) {
    identities_.push_back(identity);
    owner_names_.push_back(owner_name);
  } else {
    owner_names_[position->second] = owner_name;
  }
  return position->second;
}

void CounterSlots::take_names(const CounterSlots& earlier) {
  std::copy(earlier.owner_names_.begin(), earlier.owner_names_.end(), owner_names_.begin());
}

}  // namespace vpcwall
