// One small mistake put into a policy, to see whether any case notices.
//
//   for (const Mutation& mutation : mutations_of(policy, sources))
//     if (const auto mutated = mutate(policy, sources, mutation)) …
//
// A rule or an entry is deleted; an entry's action is flipped; a port range, unless it is all ports, grows or
// shrinks by one port at one end; a CIDR block loses one bit of its length; two entries of neighbouring
// numbers change places. Rules are known by their places, so that the same mistake can be put into every
// policy that has the rule. Plain values; any thread.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenario/rule_place.h"

namespace vpcwall {

struct DeleteRule {};
struct FlipAction {};
struct SetPorts {
  PortRange ports;
};
struct SetCidr {
  Prefix cidr;
};
struct SwapNumbers {
  RulePlace other;
};

struct Mutation {
  RulePlace place;
  WrittenRule rule;
  std::variant<DeleteRule, FlipAction, SetPorts, SetCidr, SwapNumbers> what;
  std::string text;  // "ports 443 widened to 442-443"
};

// In the order of written_rules().
[[nodiscard]] std::vector<Mutation> mutations_of(const Policy& policy,
                                                 const std::vector<std::string>& sources);

// `policy` with the mistake in it; nothing when it has not all of the rules that the mutation is about, or
// when AWS would refuse the result, such as a rule that is there already.
[[nodiscard]] std::optional<Policy> mutate(const Policy& policy, const std::vector<std::string>& sources,
                                           const Mutation& mutation);

}  // namespace vpcwall
