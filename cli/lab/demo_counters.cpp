#include "cli/lab/demo_counters.h"

#include <algorithm>
#include <tuple>

namespace vpcwall {
namespace {

auto identity(const DemoRuleCount& rule) {
  return std::tie(rule.kind, rule.owner, rule.direction, rule.rule, rule.family);
}
auto identity(const DemoGateCount& gate) { return std::tie(gate.gate, gate.outcome); }

template <class Count>
std::vector<Count> moved_counts(const std::vector<Count>& before, const std::vector<Count>& after) {
  std::vector<Count> result;
  for (Count count : after) {
    const auto old = std::find_if(before.begin(), before.end(),
                                  [&](const Count& other) { return identity(other) == identity(count); });
    if (old != before.end()) count.packets -= std::min(old->packets, count.packets);
    if (count.packets > 0) result.push_back(std::move(count));
  }
  return result;
}

bool is_acl(const DemoRuleCount& rule) { return rule.kind.starts_with("acl-"); }

}  // namespace

DemoCounters counters_from_reply(const nlohmann::json& reply) {
  DemoCounters counters;
  for (const nlohmann::json& rule : reply.at("rules")) {
    counters.rules.push_back({rule.at("kind"), rule.at("owner"), rule.value("name", ""),
                              rule.value("direction", ""), rule.value("rule", ""), rule.value("family", ""),
                              rule.value("text", ""), rule.at("packets")});
  }
  for (const nlohmann::json& gate : reply.at("gates")) {
    counters.gates.push_back({gate.at("gate"), gate.at("outcome"), gate.at("packets")});
  }
  return counters;
}

DemoCounters moved(const DemoCounters& before, const DemoCounters& after) {
  return {moved_counts(before.rules, after.rules), moved_counts(before.gates, after.gates)};
}

std::uint64_t gate_packets(const DemoCounters& counters, std::string_view gate, std::string_view outcome) {
  for (const DemoGateCount& count : counters.gates) {
    if (count.gate == gate && count.outcome == outcome) return count.packets;
  }
  return 0;
}

std::uint64_t acl_packets(const DemoCounters& counters, std::string_view direction, std::string_view rule) {
  std::uint64_t packets = 0;
  for (const DemoRuleCount& count : counters.rules) {
    if (is_acl(count) && count.direction == direction && count.rule == rule) packets += count.packets;
  }
  return packets;
}

std::string describe(const DemoRuleCount& rule) {
  std::string text = is_acl(rule) ? "network ACL " : "security group ";
  if (rule.kind == "group-default") text = "security groups of ";
  text += (rule.name.empty() ? rule.owner : rule.name) + ", " + rule.direction;
  if (is_acl(rule)) text += " rule " + rule.rule;
  return rule.text.empty() ? text : text + ": " + rule.text;
}

}  // namespace vpcwall
