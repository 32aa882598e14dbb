// The daemon's counters as a story needs them: what moved between two looks.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vpcwall {

// One rule, entry, `*` or implicit deny; the words are those of the control protocol.
struct DemoRuleCount {
  std::string kind, owner, name, direction, rule, family, text;
  std::uint64_t packets = 0;
};

struct DemoGateCount {
  std::string gate, outcome;
  std::uint64_t packets = 0;
};

struct DemoCounters {
  std::vector<DemoRuleCount> rules;
  std::vector<DemoGateCount> gates;
};

// From the reply to {"verb": "rules"}. Throws nlohmann::json::exception if it is something else.
[[nodiscard]] DemoCounters counters_from_reply(const nlohmann::json& reply);

// Only what moved, by how much.
[[nodiscard]] DemoCounters moved(const DemoCounters& before, const DemoCounters& after);

[[nodiscard]] std::uint64_t gate_packets(const DemoCounters& counters, std::string_view gate,
                                         std::string_view outcome);
// Of all network ACLs: entry number or "*".
[[nodiscard]] std::uint64_t acl_packets(const DemoCounters& counters, std::string_view direction,
                                        std::string_view rule);

// "network ACL public, ingress rule 100: allow tcp 443 0.0.0.0/0"
[[nodiscard]] std::string describe(const DemoRuleCount& rule);

}  // namespace vpcwall
