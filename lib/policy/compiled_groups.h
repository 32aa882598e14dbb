// The rules of security groups made ready to match, for interfaces that carry several groups (S-5).
//
//   CompiledGroups groups(policy, slots, CompiledGroups::most_multiplied);
//   interface.groups = groups.of({"sg-a", "sg-b"});   // parts, in the order in which they are tried
//
// A rule is compiled once, however many interfaces have it. Groups that an interface carries together are one
// part, with one index: one question for a packet. Interfaces with the same groups share it. So that its size
// does not multiply, all indexes together may hold `most_multiplied` prefixes more than there are rules:
// combinations beyond that ask their groups in turn, each of which is indexed once, and groups beyond that
// ask their references instead of holding the members. Which is which depends on nothing but the policy, and
// no answer depends on it. So memory is proportional to the policy as written.
//
// For one run of compile(): `policy` and `slots` outlive it. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/compiled_policy.h"
#include "policy/counter_slots.h"
#include "policy/policy.h"

namespace vpcwall {

class CompiledGroups {
 public:
  static constexpr std::size_t most_multiplied = std::size_t{1} << 19U;

  using Parts = std::vector<std::shared_ptr<const GroupRules>>;
  using Sets = std::map<std::string, std::shared_ptr<const AddressSet>>;

  CompiledGroups(const Policy& policy, CounterSlots& slots, std::size_t room);

  // Ids that no group has are left out. Never empty.
  [[nodiscard]] const Parts& of(const std::vector<std::string>& ids);

 private:
  using RuleLists = PerDirection<PerFamily<std::vector<CompiledRule>>>;
  struct Group {
    const SecurityGroup* written = nullptr;
    bool compiled = false;
    RuleLists rules;
    std::size_t count = 0;     // of rules, in both families
    std::size_t prefixes = 0;  // that an index holds of them where sets are taken apart
    std::shared_ptr<const GroupRules> alone;
  };

  void collect_members();
  void collect_prefix_lists();
  [[nodiscard]] Group* group(const std::string& id);
  [[nodiscard]] CompiledRule compile_rule(const SecurityGroup& group, Direction direction,
                                          const SecurityGroupRule& rule);
  [[nodiscard]] std::shared_ptr<const GroupRules> merge(const std::vector<Group*>& groups, std::size_t apart);
  [[nodiscard]] const std::shared_ptr<const GroupRules>& alone(Group& group);
  [[nodiscard]] bool take(std::size_t prefixes) noexcept;

  const Policy& policy_;
  CounterSlots& slots_;
  std::size_t room_;
  Sets members_, lists_;
  std::unordered_map<std::string, Group> groups_;    // by id
  std::map<std::vector<std::string>, Parts> known_;  // by the groups' ids
};

}  // namespace vpcwall
