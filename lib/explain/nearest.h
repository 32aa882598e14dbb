// The rules that nearly let a refused packet pass, and what about each of them does not fit.
//
// Rules of groups that the interface does not carry are near as well: "group not attached". Whether a part of
// a rule fits is asked of the same compiled rule that the engine matches with, with its other parts made
// wide. Facts: S-39, S-40, S-51, S-55, S-66, S-80, N-5, N-8. Any thread.
#pragma once

#include <string>
#include <vector>

#include "explain/judged_policy.h"
#include "explain/refusal.h"

namespace vpcwall {

// Names (to_string) are part of the JSON interface.
enum class Misfit : std::uint8_t {
  shadowed,      // fits, but an entry with a lower number denies first
  not_attached,  // the interface does not carry the rule's group
  port,
  icmp_type,
  not_a_member,  // the peer is no address of a member of the group that the rule names
  hidden,        // it would be, but a middlebox hides the groups of its packets (S-51)
  not_in_list,   // the peer is not in the prefix list
  peer,          // the peer is outside of the rule's range
  family,
  protocol,
};
[[nodiscard]] std::string_view to_string(Misfit misfit) noexcept;

struct Difference {
  Misfit misfit = Misfit::port;
  std::string text;  // "port 40000 is outside of 443"
};

struct NearRule {
  CounterSlot slot = no_slot;  // of the policy that `identity` is copied from
  RuleIdentity identity;
  std::string owner_name;
  std::string at;  // "policy.yaml:12:7", empty when nobody wrote it
  CompiledTraffic traffic;
  std::vector<Difference> differences;
  unsigned distance =
      0;  // 0: nothing is in the way; the kinds of differences weigh more than how large they are

  [[nodiscard]] bool only(Misfit misfit) const noexcept {
    return differences.size() == 1 && differences.front().misfit == misfit;
  }
};

inline constexpr std::size_t shown_near_rules = 3;

// Every rule that could have let it pass but for one or two differences, nearest first.
[[nodiscard]] std::vector<NearRule> near_rules(const JudgedPolicy& policy, const Refusal& refusal);

}  // namespace vpcwall
