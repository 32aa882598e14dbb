#include "support/hook_rules.h"

#include <sstream>

namespace vpcwall::test {
namespace {

// Drops comment lines and the counters at the end of chain lines: ":INPUT ACCEPT [2:312]".
std::string without_moving_parts(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    if (line.starts_with(':')) line.resize(line.rfind(' '));
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

std::string ruleset(const NetworkNamespace& place) {
  std::string text;
  for (const char* tool :
       {"iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"}) {
    text += run_in(place, {tool});
  }
  text += run_in(place, {"nft", "list", "ruleset"});
  return without_moving_parts(text);
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

HookPlan router_plan(std::uint16_t first_queue, std::uint16_t queue_count) {
  HookPlan plan;
  plan.guarded = {*parse_prefix("10.9.2.0/24"), *parse_prefix("fd09:2::/64")};
  plan.first_queue = first_queue;
  plan.queue_count = queue_count;
  return plan;
}

HookPlan host_plan(std::uint16_t first_queue) {
  HookPlan plan;
  plan.mode = HookMode::host;
  plan.devices = {"uplink"};
  plan.first_queue = first_queue;
  return plan;
}

void add_foreign_rules(const NetworkNamespace& place, const std::string& kind) {
  for (const std::string tool : {"iptables-", "ip6tables-"}) {
    run_in(place, {tool + kind + "-restore", "--noflush"},
           "*security\n:FOREIGN - [0:0]\n-A FORWARD -p udp --dport 9 -m comment --comment \"not yours\" -j "
           "FOREIGN\n"
           "-A FOREIGN -j RETURN\n-A INPUT -p udp --dport 9 -j ACCEPT\nCOMMIT\n"
           "*filter\n:VPCWALLISH - [0:0]\n-A FORWARD -p udp --dport 9 -j DROP\nCOMMIT\n");
  }
  run_in(place, {"nft", "-f", "-"},
         "table inet foreign {\n chain c {\n type filter hook forward priority filter; policy accept;\n"
         " udp dport 9 drop\n }\n}\n");
}

}  // namespace vpcwall::test
