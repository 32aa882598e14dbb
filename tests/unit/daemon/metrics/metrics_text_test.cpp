#include "daemon/metrics/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <vector>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

ordered_json status() {
  return ordered_json::parse(R"({
      "version": "9.9", "generation": 3, "interfaces": 2, "mode": "host", "backend": "nft", "fail_mode": "open",
      "management_bypass": [{"protocol": "tcp", "port": 22}],
      "fast_path": {"mode": "auto", "active": true, "flows": {"cached": 7, "places": 1000},
                    "refusals": {"cached": 3, "places": 100}},
      "flows": {"active": 5, "capacity": 16, "workers": [{"shared_used": 3, "shared_size": 8}]}, "observers": 1, "hooks": {"reinstalled": 12},
      "awaited_devices": ["eth7"],
      "policy_in_force": {"source": "applied", "since_unix_seconds": 1700000000.5, "unconfirmed": {"seconds_left": 9},
                          "changes": {"accepted": 2, "refused": 1, "last_accepted": false}},
      "queues": [
        {"number": 0, "received": 11, "bursts": 2, "waiting": 3, "kernel_dropped": 4, "user_dropped": 5,
         "undecodable": 6, "overruns": 7, "refused_verdicts": 8, "abandoned": 9},
        {"number": 1, "received": 9007199254740991, "bursts": 0, "waiting": 0, "kernel_dropped": 0,
         "user_dropped": 0, "undecodable": 0, "overruns": 0, "refused_verdicts": 0, "abandoned": 0}]})");
}

ordered_json rule(const char* kind, const char* owner, const char* number, std::uint64_t packets, bool active,
                  const char* match = "allow tcp 22 203.0.113.0/24") {
  ordered_json json{{"kind", kind},           {"owner", owner},        {"name", std::string(owner) + " name"},
                    {"direction", "ingress"}, {"rule", number},        {"text", match},
                    {"packets", packets},     {"bytes", packets * 60}, {"active", active}};
  if (std::string(kind) == "acl-default") json["family"] = "ipv6";
  return json;
}

ordered_json rules(const std::vector<ordered_json>& list) {
  return {{"rules", list},
          {"gates", {{{"gate", "sg-ingress"}, {"outcome", "deny"}, {"packets", 2}, {"bytes", 120}}}},
          {"reasons",
           {{{"reason", "passed"}, {"verdict", "accept"}, {"packets", 9}, {"bytes", 900}},
            {{"reason", "acl-entry"}, {"verdict", "drop"}, {"packets", 1}, {"bytes", 60}}}},
          {"parse_errors", {{{"error", "bad-version"}, {"packets", 1}, {"bytes", 4}}}}};
}

const ordered_json nothing{{"rules", ordered_json::array()},
                           {"gates", ordered_json::array()},
                           {"reasons", ordered_json::array()},
                           {"parse_errors", ordered_json::array()}};

std::string text(const std::vector<ordered_json>& list, std::size_t most = 100) {
  const ordered_json ours = status(), counted = rules(list);
  return metrics_text({ours, counted, nothing, {1.5, 2.5, 4096, 8192, 10, 1024}}, most);
}

// A counter that went back would be taken for one that began anew, and all that it holds for new traffic.
TEST(MetricsText, LeavesOutWhatAProcessBeforeHadCounted) {
  const ordered_json ours = status(), inherited = rules({rule("acl-entry", "acl-1", "100", 1000, true)});
  ordered_json counted = rules({rule("acl-entry", "acl-1", "100", 1003, true)});
  counted["reasons"][0]["packets"] = 11;
  counted["gates"].push_back(
      {{"gate", "sg-egress"}, {"outcome", "table-full"}, {"packets", 5}, {"bytes", 300}});
  const std::string all = metrics_text({ours, counted, inherited, {}}, 100);
  for (const char* line : {R"(vpcwall_decided_packets_total{verdict="accept",reason="passed"} 2)",
                           R"(vpcwall_decided_bytes_total{verdict="drop",reason="acl-entry"} 0)",
                           R"(vpcwall_gate_packets_total{gate="sg-ingress",outcome="deny"} 0)",
                           R"(vpcwall_parse_errors_total{error="bad-version"} 0)",
                           "vpcwall_flows_refused_total 5", R"(direction="ingress",rule="100"} 3)"})
    EXPECT_THAT(all, HasSubstr(std::string(line) + '\n'));
}

TEST(MetricsText, HasNothingInItsLabelsThatActsOnATerminal) {
  const std::string all = text({rule("acl-entry", "a\u202e\u009b\n\033[2J", "100", 3, true)});
  EXPECT_THAT(all, HasSubstr(R"(owner="a\\u202e\\u009b\\x0a\\x1b[2J")"));
  EXPECT_THAT(all, Not(HasSubstr("\033")));
}

TEST(MetricsText, HasEveryNumberOfTheReports) {
  const std::string all = text({rule("acl-entry", "acl-1", "100", 3, true)});
  for (const char* line :
       {R"(vpcwall_build_info{version="9.9"} 1)",
        "vpcwall_policy_generation 3",
        "vpcwall_policy_interfaces 2",
        R"(vpcwall_settings_info{mode="host",backend="nft",fail_mode="open",fast_path="auto"} 1)",
        "vpcwall_management_bypass_ports 1",
        R"(vpcwall_policy_changes_total{result="accepted"} 2)",
        R"(vpcwall_policy_changes_total{result="refused"} 1)",
        "vpcwall_last_policy_change_successful 0",
        "vpcwall_policy_since_timestamp_seconds 1700000000.5",
        R"(vpcwall_policy_info{source="applied"} 1)",
        "vpcwall_policy_unconfirmed 1",
        "vpcwall_observers 1",
        "vpcwall_hooks_reinstalled_total 12",
        "vpcwall_awaited_devices 1",
        R"(vpcwall_queue_abandoned_packets_total{queue="0"} 9)",
        "vpcwall_rules 1",
        R"(vpcwall_gate_packets_total{gate="sg-ingress",outcome="deny"} 2)",
        R"(vpcwall_gate_bytes_total{gate="sg-ingress",outcome="deny"} 120)",
        R"(vpcwall_gate_packets_total{gate="acl-egress",outcome="deny"} 0)",
        R"(vpcwall_decided_packets_total{verdict="accept",reason="passed"} 9)",
        R"(vpcwall_decided_bytes_total{verdict="drop",reason="acl-entry"} 60)",
        R"(vpcwall_parse_errors_total{error="bad-version"} 1)",
        R"(vpcwall_queue_received_packets_total{queue="0"} 11)",
        R"(vpcwall_queue_received_packets_total{queue="1"} 9007199254740991)",
        R"(vpcwall_queue_bursts_total{queue="0"} 2)",
        R"(vpcwall_queue_waiting_packets{queue="0"} 3)",
        R"(vpcwall_queue_kernel_dropped_packets_total{queue="0"} 4)",
        R"(vpcwall_queue_user_dropped_packets_total{queue="0"} 5)",
        R"(vpcwall_queue_undecodable_messages_total{queue="0"} 6)",
        R"(vpcwall_queue_overruns_total{queue="0"} 7)",
        R"(vpcwall_queue_refused_verdicts_total{queue="0"} 8)",
        "vpcwall_flows 5",
        "vpcwall_flows_capacity 16",
        "vpcwall_flow_table_shared_used{worker=\"0\"} 3",
        "vpcwall_flow_table_shared_size{worker=\"0\"} 8",
        "vpcwall_fast_path_active 1",
        "vpcwall_fast_path_flows 7",
        "vpcwall_fast_path_flow_places 1000",
        "vpcwall_fast_path_refusals 3",
        "vpcwall_fast_path_refusal_places 100",
        "process_start_time_seconds 1.5",
        "process_cpu_seconds_total 2.5",
        "process_resident_memory_bytes 4096",
        "process_virtual_memory_bytes 8192",
        "process_open_fds 10",
        "process_max_fds 1024"})
    EXPECT_THAT(all, HasSubstr('\n' + std::string(line) + '\n'));
}

TEST(MetricsText, NamesRulesWithoutAnyAddress) {
  const std::string all =
      text({rule("acl-entry", "acl-1", "100", 3, true), rule("acl-default", "acl-1", "*", 1, true)});
  EXPECT_THAT(all, HasSubstr("vpcwall_rule_packets_total{kind=\"acl-entry\",owner=\"acl-1\",name=\"acl-1 "
                             "name\",direction=\"ingress\",rule=\"100\"} 3\n"));
  EXPECT_THAT(all, HasSubstr("rule=\"*\",family=\"ipv6\"} 60\n"));
  EXPECT_THAT(all, Not(HasSubstr("203.0.113")));
}

TEST(MetricsText, LetsARemovedRuleGo) {
  const std::string all =
      text({rule("acl-entry", "acl-1", "100", 3, true), rule("acl-entry", "acl-2", "100", 8, false)});
  EXPECT_THAT(all, Not(HasSubstr("acl-2")));
  EXPECT_THAT(all, HasSubstr("vpcwall_rules 1\n"));
}

TEST(MetricsText, AddsUpWhatHasHadTheSameNumber) {
  const std::string all = text({rule("acl-entry", "acl-1", "100", 0, true, "deny all"),
                                rule("acl-entry", "acl-1", "100", 8, false, "allow all"),
                                rule("acl-entry", "acl-1", "101", 2, false, "allow all")});
  EXPECT_THAT(all, HasSubstr("rule=\"100\"} 8\n")) << "an entry whose match changed must not go back";
  EXPECT_THAT(all, Not(HasSubstr("rule=\"101\"")));
}

TEST(MetricsText, BoundsTheRulesAndSaysHowManyAreLeftOut) {
  std::vector<ordered_json> list;
  for (int number = 1; number <= 5; ++number)
    list.push_back(rule("acl-entry", "acl-1", std::to_string(number).c_str(), 1, true));
  const std::string all = text(list, 3);
  EXPECT_THAT(all, HasSubstr("rule=\"3\"} 1\n"));
  EXPECT_THAT(all, Not(HasSubstr("rule=\"4\"")));
  EXPECT_THAT(all, HasSubstr("vpcwall_rules 5\n"));
  EXPECT_THAT(all, HasSubstr("vpcwall_rules_without_metrics 2\n"));
  EXPECT_THAT(text(list, 0), Not(HasSubstr("vpcwall_rule_packets_total{")));
}

TEST(MetricsText, EscapesWhatANameMayHold) {
  const std::string all = text({rule("acl-entry", "a\"b\\c\nd", "100", 3, true)});
  EXPECT_THAT(all, HasSubstr(R"(owner="a\"b\\c\nd")"));
}

TEST(MetricsText, TellsEachSeriesOnce) {
  std::istringstream lines(
      text({rule("acl-entry", "acl-1", "100", 3, true), rule("acl-default", "acl-1", "*", 1, true),
            rule("acl-entry", "acl-1", "100", 3, false, "allow all")}));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_GT(seen.size(), 60U);
}

TEST(MetricsText, SaysNothingOfAFastPathThatIsOff) {
  ordered_json off = status();
  off["fast_path"] = {{"mode", "off"}, {"active", false}};
  const ordered_json counted = rules({});
  const std::string all = metrics_text({off, counted, nothing, {}}, 10);
  EXPECT_THAT(all, HasSubstr("vpcwall_fast_path_active 0\n"));
  EXPECT_THAT(all, HasSubstr("vpcwall_fast_path_flow_places 0\n"));
}

}  // namespace
}  // namespace vpcwall
