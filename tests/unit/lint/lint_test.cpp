#include "lint/lint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fixtures.h"
#include "lint/report_text.h"
#include "lint/suppressions.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using Words = std::vector<std::string>;

LintReport lint_text(const std::string& text, const Words& only, const Words& parameters = {}) {
  const LoadedPolicy loaded = load_policy(text, "p.yaml");
  EXPECT_TRUE(loaded.policy.has_value()) << text;
  const auto selected = select_checks(only, {});
  EXPECT_TRUE(selected) << selected.error();
  if (!loaded.policy || !selected) return {};
  LintOptions options{*selected, {}};
  for (const std::string& parameter : parameters) EXPECT_EQ(options.parameters.set(parameter), std::nullopt);
  return lint(*loaded.policy, options);
}

// "VW001 9: message", one for each finding.
Words said(const LintReport& report) {
  Words lines;
  for (const Finding& finding : report.findings)
    lines.push_back(std::string(finding.check->id) + ' ' + std::to_string(finding.at.line) + ": " +
                    finding.message);
  return lines;
}

std::string message_of(const std::string& text, const std::string& check) {
  const LintReport report = lint_text(text, {check});
  EXPECT_EQ(report.findings.size(), 1U) << text;
  return report.findings.empty() ? std::string{} : report.findings.front().message;
}

// What VW016 says of a policy without devices, next to a daemon with these settings.
Words said_of_places(const std::string& settings) {
  Reporter reporter("daemon.yaml");
  LintOptions options{{find_check("VW016")}, {}};
  options.places = read_daemon_places(settings, reporter);
  EXPECT_FALSE(reporter.has_error()) << settings;
  Words messages;
  for (const Finding& finding : lint(*load_policy(vpc, "p.yaml").policy, options).findings)
    messages.push_back(finding.message.substr(0, finding.message.find(',')));
  return messages;
}

TEST(DaemonPlaces, AreAskedForOnlyWhereSettingsAreGiven) {  // D-2, E-16
  EXPECT_EQ(said(lint_text(vpc, {"VW016"})), Words{});
  const Words router{"the daemon routes and knows no device"};
  const Words host{"the daemon guards a host and its `services` name no device"};
  EXPECT_EQ(said_of_places("version: 1\n"), router);
  EXPECT_EQ(said_of_places("devices: {}\nuplinks: []\nservices: [eth0]\n"), router);
  EXPECT_EQ(said_of_places("uplinks: [eth0]\n"), Words{});
  EXPECT_EQ(said_of_places("devices: {web: eth1}\n"), Words{});
  EXPECT_EQ(said_of_places("mode: host\ndevices: {web: eth0}\n"), host);
  EXPECT_EQ(said_of_places("mode: host\ndevices: {web: eth0}\nservices: [eth0]\n"), Words{});
}

TEST(DaemonPlaces, ReportsATextThatIsNoSettings) {
  for (const char* text : {"[1, 2]", "{", ""}) {
    Reporter reporter("daemon.yaml");
    (void)read_daemon_places(text, reporter);
    EXPECT_TRUE(reporter.has_error()) << text;
  }
}

const std::string allow = "action: allow, protocol: tcp, ports: ";
const std::string deny = "action: deny, protocol: tcp, ports: ";

TEST(EntryOrder, NamesTheOneEntryThatShadows) {  // N-5
  EXPECT_EQ(message_of(acl(rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0") +
                           rule("rule: 110, " + deny + "22, cidr: 198.51.100.0/24")),
                       "VW001"),
            "never decides: entry 100 (allow all 0.0.0.0/0) matches first whatever it matches, so that what "
            "it denies "
            "is allowed");
}

TEST(EntryOrder, NamesTheEntriesThatShadowTogether) {
  EXPECT_EQ(
      message_of(acl(rule("rule: 110, " + allow + "500-900, cidr: 0.0.0.0/0") +
                     rule("rule: 100, " + allow + "0-600, cidr: 0.0.0.0/0") +
                     rule("rule: 90, " + allow + "22, cidr: 10.9.0.0/16") +
                     rule("rule: 120, " + allow + "443-800, cidr: 10.0.0.0/8")),
                 "VW001"),
      "never decides: entries 100 (allow tcp 0-600 0.0.0.0/0) and 110 (allow tcp 500-900 0.0.0.0/0) together "
      "match first whatever it matches");
}

TEST(EntryOrder, LooksAtHalvesOfRangesAndAtEachFamilyAlone) {
  const std::string halves = rule("rule: 100, " + allow + "22, cidr: 10.0.0.0/9") +
                             rule("rule: 110, " + allow + "22, cidr: 10.128.0.0/9") +
                             rule("rule: 115, " + deny + "22, cidr: \"::/0\"");
  EXPECT_EQ(
      said(lint_text(acl(halves + rule("rule: 120, " + allow + "22, cidr: 10.0.0.0/8")), {"VW001"})).size(),
      1U);
  EXPECT_EQ(said(lint_text(acl(halves + rule("rule: 120, " + allow + "22, cidr: 10.0.0.0/7")), {"VW001"})),
            Words{});
}

TEST(EntryOrder, ALastDenyOfEverythingSaysWhatTheStarSays) {  // N-7
  EXPECT_EQ(message_of(acl(rule("rule: 100, " + allow + "443, cidr: 0.0.0.0/0") +
                           rule("rule: 200, action: deny, protocol: all, cidr: 0.0.0.0/0")),
                       "VW002"),
            "changes nothing: without it, `*` would deny the same packets");
}

TEST(EntryOrder, AShadowedEntryIsNotAlsoCalledRedundant) {
  const std::string text = acl(rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0") +
                               rule("rule: 110, " + deny + "22, cidr: 198.51.100.0/24"));
  EXPECT_EQ(said(lint_text(text, {"VW002", "VW006"})), Words{});
}

TEST(RuleCover, AWiderListCoversANarrowerOneAndOnlyOneOfTwoEqualsIsSuperfluous) {
  const std::string lists =
      "prefix_lists:\n  - {name: a, entries: [{cidr: 10.0.0.0/9}, {cidr: 10.128.0.0/9}]}\n"
      "  - {name: b, entries: [{cidr: 10.0.0.0/9}, {cidr: 10.128.0.0/9}]}\n";
  const LintReport report = lint_text(group(rule("protocol: tcp, ports: 22, source: {prefix_list: a}") +
                                            rule("protocol: tcp, ports: 22, source: {prefix_list: b}")) +
                                          lists,
                                      {"VW003"});
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings.front().at.line, 7U);
}

TEST(RuleCover, AGroupIsCoveredByTheVpcsRangesAndNotByItsMembersOfToday) {  // S-43
  const std::string of_members = rule("protocol: tcp, ports: 22, source: {group: web}");
  EXPECT_EQ(said(lint_text(group(of_members + rule("protocol: all, source: 10.0.1.0/24")), {"VW003"})),
            Words{});
  EXPECT_EQ(said(lint_text(group(rule("protocol: all, source: {group: web}") +
                                 rule("protocol: tcp, ports: 22, source: 10.0.1.10/32")),
                           {"VW003"})),
            Words{});
}

TEST(Replies, AreMissedInEachDirection) {  // N-3, N-41
  const std::string out =
      vpc + "security_groups: [{name: app}]\nnetwork_acls:\n  - name: private\n    ingress:\n" +
      rule("rule: 100, " + allow + "22, cidr: 10.0.9.0/24") + "    egress:\n" +
      rule("rule: 100, " + allow + "443, cidr: 0.0.0.0/0") +
      "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: private}]\n"
      "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [app]}]\n";
  EXPECT_EQ(message_of(out, "VW004"),
            "lets tcp requests out from interface \"i\", and no ingress entry lets a reply in to any port "
            "that a client "
            "chooses: `*` denies it");
  const LintReport report = lint_text(out, {"VW004"});
  EXPECT_EQ(report.findings.front().subject.rule, "egress 100");
  EXPECT_EQ(report.findings.front().remedy, "add an ingress entry that allows tcp 1024-65535 0.0.0.0/0");
}

TEST(Replies, NameTheEntryThatDeniesThem) {
  EXPECT_EQ(message_of(acl(rule("rule: 100, " + allow + "443, cidr: 0.0.0.0/0"),
                           rule("rule: 90, " + deny + "1024-65535, cidr: 0.0.0.0/0") +
                               rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0")),
                       "VW004"),
            "lets tcp requests in to interface \"i\", and no egress entry lets a reply out to any port that "
            "a client "
            "chooses: entry 90 denies it");
}

TEST(Replies, OfAnyEphemeralRangeAreEnough) {  // N-35 to N-40
  for (const std::string ports : {"1025-5000", "32768-60999", "49152-65535"})
    EXPECT_EQ(said(lint_text(acl(rule("rule: 100, " + allow + "443, cidr: 0.0.0.0/0"),
                                 rule("rule: 100, " + allow + ports + ", cidr: 0.0.0.0/0")),
                             {"VW004"})),
              Words{});
}

TEST(Replies, OfPingsNeedAnEntryToo) {
  EXPECT_EQ(
      message_of(acl(rule("rule: 100, action: allow, protocol: icmp, type: all, cidr: 0.0.0.0/0"),
                     rule("rule: 100, " + allow + "1024-65535, cidr: 0.0.0.0/0")),
                 "VW004"),
      "lets icmp echo requests in to interface \"i\", and no egress entry lets a reply out: `*` denies it");
}

TEST(OtherGate, ARuleForNeighboursOfTheSubnetNeedsNoEntry) {  // N-10
  const std::string text =
      vpc + "security_groups:\n  - name: web\n    ingress:\n" +
      rule("protocol: tcp, ports: 5432, source: 10.0.1.0/24") +
      "    egress: []\nnetwork_acls: [{name: closed}]\n"
      "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: closed}]\n"
      "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n";
  EXPECT_EQ(said(lint_text(text, {"VW005"})), Words{});
}

TEST(OtherGate, SaysWhichEntriesDeny) {
  const std::string text =
      vpc + "security_groups:\n  - name: web\n    ingress:\n" +
      rule("protocol: tcp, ports: 22, source: 0.0.0.0/0") +
      "    egress: []\nnetwork_acls:\n  - name: public\n    ingress:\n" +
      rule("rule: 90, " + deny + "22, cidr: 0.0.0.0/0") +
      "subnets: [{name: s, cidr: 10.0.1.0/24, network_acl: public}]\n"
      "interfaces: [{name: i, subnet: s, addresses: [10.0.1.10], security_groups: [web]}]\n";
  EXPECT_EQ(message_of(text, "VW005"),
            "allows nothing: network ACL \"public\" denies all of it (ingress entry 90)");
}

TEST(AuditOfAcls, TheFirstOpenEntryThatSpeaksOfThePortDecides) {
  const Words check{"ec2_networkacl_allow_ingress_tcp_port_22"};
  const std::string narrow = rule("rule: 80, " + deny + "22, cidr: 0.0.0.0/1");
  const std::string shut = rule("rule: 90, " + deny + "22, cidr: 0.0.0.0/0");
  const std::string udp = rule("rule: 85, action: deny, protocol: udp, ports: all, cidr: 0.0.0.0/0");
  const std::string open = rule("rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0");
  const std::string open6 = rule("rule: 70, " + allow + "22, cidr: \"::/0\"");
  EXPECT_EQ(lint_text(acl(open + narrow + udp), check).findings.size(), 1U);
  EXPECT_EQ(lint_text(acl(open + narrow + shut), check).findings.size(), 0U);
  EXPECT_EQ(lint_text(acl(open + shut + open6), check).findings.size(), 1U);
}

TEST(AuditOfAcls, ADefaultAclThatNobodyWroteAndNobodyUsesIsLeftOut) {
  EXPECT_EQ(said(lint_text(vpc, {"NACL_NO_UNRESTRICTED_SSH_RDP"})), Words{});
  EXPECT_EQ(lint_text(vpc + "subnets: [{name: s, cidr: 10.0.1.0/24}]\n", {"NACL_NO_UNRESTRICTED_SSH_RDP"})
                .findings.size(),
            2U);
}

TEST(Parameters, ChangeWhatACheckAsks) {
  const std::string text = group(rule("protocol: tcp, ports: 8443, source: 0.0.0.0/0"));
  EXPECT_EQ(lint_text(text, {"EC2.18"}).findings.size(), 1U);
  EXPECT_EQ(lint_text(text, {"EC2.18"}, {"authorizedTcpPorts=443,8000-9000"}).findings.size(), 0U);
  EXPECT_EQ(lint_text(text, {"EC2.18"}, {"EC2.18:authorizedTcpPorts=8443"}).findings.size(), 0U);
  EXPECT_EQ(lint_text(text, {"EC2.18"}, {"VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS:authorizedTcpPorts=8443"})
                .findings.size(),
            1U);
  EXPECT_EQ(lint_text(text, {"RESTRICTED_INCOMING_TRAFFIC"}, {"blockedPort1=8443"}).findings.size(), 1U);
  const Words restricted{"VPC_SG_PORT_RESTRICTION_CHECK"};
  EXPECT_EQ(lint_text(text, restricted, {"restrictPorts=8443"}).findings.size(), 1U);
  EXPECT_EQ(lint_text(text, restricted, {"restrictPorts=8443", "protocolType=udp"}).findings.size(), 0U);
  EXPECT_EQ(lint_text(text, restricted, {"restrictPorts=8443", "ipType=IPv6"}).findings.size(), 0U);
}

TEST(Parameters, AreCheckedWhenTheyAreSet) {
  Parameters parameters;
  EXPECT_EQ(parameters.set("authorizedTcpPorts"),
            "found \"authorizedTcpPorts\", expected NAME=VALUE or CHECK:NAME=VALUE");
  EXPECT_EQ(parameters.set("authorisedTcpPorts=1"),
            "found the parameter \"authorisedTcpPorts\", which no such check has; did you mean "
            "\"authorizedTcpPorts\"?");
  EXPECT_EQ(parameters.set("EC2.81:authorizedTcpPorts=1"),
            "found no check \"EC2.81\"; did you mean \"EC2.18\"?");
  for (const std::string wrong : {"80,", "80;443", "443-80", "65536", "tcp"})
    EXPECT_EQ(parameters.set("restrictPorts=" + wrong),
              "found \"" + wrong +
                  "\" for the parameter restrictPorts, expected ports and "
                  "ranges like 80,443,1020-1025");
  EXPECT_EQ(parameters.set("quotaPercent=0"),
            "found \"0\" for the parameter quotaPercent, expected a number from 1 to 100");
  EXPECT_EQ(parameters.set("protocolType=icmp"),
            "found \"icmp\" for the parameter protocolType, expected TCP, UDP or ALL");
}

TEST(SelectChecks, ByIdNameOrCatalogue) {
  const auto one = select_checks(Words{"restricted-ssh", "VW004"}, {});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), 2U);
  const auto hub = select_checks(Words{"security-hub"}, Words{"EC2.2"});
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->size(), 11U);
  const auto wrong = select_checks(Words{"reply-bloked"}, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error(),
            "found \"reply-bloked\", expected the id or name of a check, or a catalogue; did you mean "
            "\"reply-blocked\"?");
}

const std::string two_unused = vpc + "security_groups:\n  - {name: a}\n  - {name: b}\n";

TEST(Suppressions, SilenceTheFindingsOfTheirObject) {
  const LintReport report =
      lint_text(two_unused + "lint: {suppress: [{check: group-unused, object: a, reason: to come}]}\n",
                {"VW007", "VW015"});
  ASSERT_EQ(report.findings.size(), 2U);
  ASSERT_TRUE(report.findings[0].suppressed.has_value());
  EXPECT_EQ(report.findings[0].suppressed->reason, "to come");
  EXPECT_FALSE(report.findings[1].suppressed.has_value());
  EXPECT_EQ(summarize(report).count(), 1U);
  EXPECT_EQ(summarize(report).suppressed, 1U);
}

TEST(Suppressions, OfSeveralChecksAndOfOneRule) {
  const std::string text =
      group(rule("protocol: tcp, ports: 22, source: 0.0.0.0/0") +
            rule("protocol: tcp, ports: 22, source: \"::/0\"")) +
      "lint:\n  suppress:\n    - {check: [EC2.13, INCOMING_SSH_DISABLED], object: web, rule: "
      "'ingress tcp 22 from ::/0', reason: a honeypot}\n";
  const LintReport report = lint_text(text, {"EC2.13", "INCOMING_SSH_DISABLED", "VW015"});
  ASSERT_EQ(report.findings.size(), 4U);
  for (const Finding& finding : report.findings)
    EXPECT_EQ(finding.suppressed.has_value(), finding.at.line == 7U);
}

TEST(Suppressions, OfAnEntryByDirectionAndNumber) {
  const std::string text =
      acl(rule("rule: 100, " + allow + "443, cidr: 0.0.0.0/0")) +
      "lint: {suppress: [{check: VW004, object: public, rule: ingress 100, reason: for teaching}]}\n";
  const LintReport report = lint_text(text, {"VW004", "VW015"});
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_TRUE(report.findings[0].suppressed.has_value());
}

TEST(Suppressions, ThatSilenceNothingAreFindings) {
  const std::string text =
      two_unused + "lint: {suppress: [{check: [VW007, VW009], object: a, reason: to come}]}\n";
  EXPECT_EQ(said(lint_text(text, {"VW007", "VW009", "VW015"})),
            (Words{"VW007 4: no interface carries it, and no rule of another group names it",
                   "VW007 5: no interface carries it, and no rule of another group names it",
                   "VW015 6: there is no finding of \"VW009\" about \"a\""}));
  EXPECT_EQ(lint_text(text, {"VW007", "VW015"}).findings.size(), 2U)
      << "a check that was not run proves nothing";
}

TEST(Suppressions, OfUnknownChecksAreErrors) {
  const LoadedPolicy loaded = load_policy(
      two_unused + "lint:\n  suppress:\n    - {check: VW0007, reason: r}\n    - {check: VW015, reason: r}\n",
      "p.yaml");
  ASSERT_TRUE(loaded.policy.has_value());
  const auto mistakes = check_suppressions(*loaded.policy, "p.yaml");
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(
      to_string(mistakes[0]),
      "p.yaml:8:15: error: found \"VW0007\", expected the id or name of a check; did you mean \"VW007\"?");
  EXPECT_EQ(to_string(mistakes[1]),
            "p.yaml:9:15: error: found \"VW015\", which cannot be suppressed; remove the suppression that it "
            "speaks of");
}

TEST(FindingsText, HasALineWhatToDoAndASum) {
  const LintedFile file{
      "p.yaml",
      lint_text(two_unused + "lint: {suppress: [{check: VW007, object: b, reason: r}]}\n", {"VW007"})};
  EXPECT_EQ(findings_text(file, false),
            "p.yaml:4:5: low: security group a: no interface carries it, and no rule of another group names "
            "it [VW007 "
            "group-unused]\n    remove it\np.yaml: 1 finding (1 low), 1 suppressed\n");
  EXPECT_NE(findings_text(file, true).find("\033[1;36mlow\033[0m"), std::string::npos);
  EXPECT_EQ(findings_text({"p.yaml", {}}, true), "p.yaml: no findings\n");
}

TEST(ChecksText, ListsEveryCheckAndWhyAPolicyCannotAnswerIt) {
  const auto all = select_checks({}, {});
  ASSERT_TRUE(all);
  const std::string text = checks_text(*all);
  for (const Check& check : checks()) EXPECT_NE(text.find(check.id), std::string::npos) << check.id;
  EXPECT_NE(text.find("(not applicable: a policy file does not say where flow logs go)"), std::string::npos);
}

}  // namespace
}  // namespace vpcwall
