#include "reach/difference.h"

#include <gtest/gtest.h>

#include "reach/difference_report.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::small_vpc;

TrafficDifference difference_of(const Policy& before, const Policy& after,
                                const DifferenceOptions& options = {}) {
  auto difference = find_difference(before, after, options);
  EXPECT_TRUE(difference) << (difference ? "" : difference.error());
  return std::move(*difference);
}

// "KIND FROM > TO TRAFFIC, before -> after, connections" of every line about IPv4.
std::vector<std::string> lines(const TrafficDifference& difference) {
  std::vector<std::string> all;
  for (const ChangeLine& line : difference.lines) {
    if (line.family != Family::ipv4) continue;
    const TrafficChange& change = line.result;
    all.push_back(std::string(to_string(*change.kind())) + ' ' + difference.endpoints.all[line.from].name +
                  " > " + difference.endpoints.all[line.to].name + ' ' + describe(line.slice, line.family) +
                  ", " + std::string(to_string(change.before)) + " -> " +
                  std::string(to_string(change.after)) + ", " + std::string(to_string(change.connection)));
  }
  return all;
}

using Lines = std::vector<std::string>;

Policy web(const std::string& rules, const char* rest = "") {
  return small_vpc("  - {name: web, " + rules + "}\n  - {name: app, egress: []}\n  - {name: db, egress: []}",
                   rest);
}

constexpr const char* shut = "ingress: [], egress: []";
constexpr const char* narrow_ssh =
    "ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []";
constexpr const char* open_ssh =
    "ingress: [{protocol: tcp, ports: 22, source: 0.0.0.0/0}], "
    "egress: [{protocol: all, destination: 0.0.0.0/0}]";

constexpr const char* open_acl =
    "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, cidr: "
    "0.0.0.0/0}], "
    "egress: [{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]}\n";
constexpr const char* no_way_back =
    "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, cidr: "
    "0.0.0.0/0}], "
    "egress: []}\n";

TEST(Difference, EqualPoliciesDifferInNothing) {
  EXPECT_TRUE(difference_of(web(narrow_ssh), web(narrow_ssh)).lines.empty());
}

TEST(Difference, NewlyAllowed) {
  EXPECT_EQ(lines(difference_of(web(shut), web(narrow_ssh))),
            (Lines{"newly-allowed 203.0.113.0/24 > web tcp 22, refused -> answered, none"}));
}

TEST(Difference, NewlyAllowedButHalfOpen) {
  EXPECT_EQ(lines(difference_of(web(shut, no_way_back), web(narrow_ssh, no_way_back))),
            (Lines{"newly-allowed 203.0.113.0/24 > web tcp 22, refused -> half-open, none"}));
}

TEST(Difference, TrackedConnectionsLiveOn) {  // C-20, C-22
  EXPECT_EQ(lines(difference_of(web(narrow_ssh), web(shut))),
            (Lines{"newly-denied 203.0.113.0/24 > web tcp 22, answered -> refused, lives-on"}));
}

TEST(Difference, UntrackedConnectionsAreCut) {  // C-21, C-22
  const auto found = lines(
      difference_of(web(open_ssh), web("ingress: [], egress: [{protocol: all, destination: 0.0.0.0/0}]")));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "newly-denied internet > web tcp 22, answered -> refused, cut-onward");
}

TEST(Difference, ANetworkAclCutsWhatIsTracked) {  // C-27
  EXPECT_EQ(lines(difference_of(web(narrow_ssh, open_acl), web(narrow_ssh, no_way_back))),
            (Lines{"reply-newly-denied 203.0.113.0/24 > web tcp 22, answered -> half-open, cut-backward"}));
}

TEST(Difference, AReplyThatGetsThroughAtLast) {
  EXPECT_EQ(lines(difference_of(web(narrow_ssh, no_way_back), web(narrow_ssh, open_acl))),
            (Lines{"reply-newly-allowed 203.0.113.0/24 > web tcp 22, half-open -> answered, none"}));
}

TEST(Difference, CutOnly) {  // C-26: what ran untracked has no flow when it would be tracked
  const auto found = lines(difference_of(
      web(open_ssh), web("ingress: [{protocol: tcp, ports: 22, source: 0.0.0.0/0}], egress: []")));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "cut internet > web tcp 22, answered -> answered, cut-backward");
}

TEST(Difference, AnInterfaceThatIsGoneIsReachedByNobody) {  // C-67
  Policy after = web(narrow_ssh);
  after.interfaces.erase(after.interfaces.begin());
  DifferenceOptions options;
  options.from = "203.0.113.0/24";
  EXPECT_EQ(lines(difference_of(web(narrow_ssh), after, options)),
            (Lines{"newly-denied 203.0.113.0/24 > web tcp 22, answered -> absent, cut"}));
  EXPECT_EQ(lines(difference_of(after, web(narrow_ssh), options)),
            (Lines{"newly-allowed 203.0.113.0/24 > web tcp 22, absent -> answered, none"}));
}

TEST(Difference, SaysForWhichClientPorts) {
  const Policy before = web(narrow_ssh, open_acl);
  const Policy after = web(narrow_ssh,
                           "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, "
                           "protocol: all, cidr: 0.0.0.0/0}], egress: [{rule: 100, action: allow, "
                           "protocol: tcp, ports: 49152-65535, cidr: 0.0.0.0/0}]}\n");
  const TrafficDifference difference = difference_of(before, after);
  ASSERT_EQ(difference.lines.size(), 1U);
  EXPECT_EQ(describe(difference.lines[0].result.clients), "32768-49151");
  EXPECT_EQ(difference.lines[0].witness.source_port, 40000);
}

TEST(Difference, ComparesOnlyWhatIsWanted) {
  DifferenceOptions options;
  options.protocol = Protocol::udp;
  EXPECT_TRUE(difference_of(web(shut), web(narrow_ssh), options).lines.empty());
  options.protocol.reset();
  options.to = "db";
  EXPECT_TRUE(difference_of(web(shut), web(narrow_ssh), options).lines.empty());
  options.to = "nobody";
  EXPECT_FALSE(find_difference(web(shut), web(shut), options));
}

TEST(Difference, RefusesWhatWouldTakeTooLong) {
  DifferenceOptions options;
  options.max_exchanges = 10;
  const auto difference = find_difference(web(shut), web(narrow_ssh), options);
  ASSERT_FALSE(difference);
  EXPECT_NE(difference.error().find("--from"), std::string::npos);
}

class DifferenceReportTest : public testing::Test {
 protected:
  DifferenceReportTest()
      : before_(web(narrow_ssh, open_acl)),
        after_(web(shut, no_way_back)),
        rules_(diff_policies(before_, after_)),
        traffic_(difference_of(before_, after_)) {}

  Policy before_, after_;
  std::vector<PolicyChange> rules_;
  TrafficDifference traffic_;
  ComparedFiles files_{"a.yaml", "b.yaml"};
};

TEST_F(DifferenceReportTest, Json) {
  const auto json = to_json(DifferenceReport{&rules_, &traffic_}, files_);
  EXPECT_EQ(json.at("schema"), "vpcwall/diff/1");
  EXPECT_EQ(json.at("rules").at(0).at("change"), "removed");
  EXPECT_EQ(json.at("rules").at(0).at("before"), "allow tcp 22 203.0.113.0/24");
  EXPECT_EQ(json.at("rules").at(0).at("before_at").at("file"), "a.yaml");
  EXPECT_TRUE(json.at("rules").at(0).at("after_at").is_null());
  const auto& line = json.at("traffic").at(0);
  EXPECT_EQ(line.at("change"), "newly-denied");
  EXPECT_EQ(line.at("connections"), "cut-backward");
  EXPECT_EQ(line.at("refused_at").at("gate"), "sg-ingress");
  EXPECT_EQ(line.at("witness").at("explain"),
            "vpcwall explain --policy b.yaml --protocol tcp --source 203.0.113.12:40000 --destination "
            "10.0.1.10:22");
  EXPECT_EQ(json.at("summary").at("newly-denied"), 1);
  EXPECT_EQ(json.at("summary").at("cut-connections"), 1);
}

TEST_F(DifferenceReportTest, LeavesOutWhatWasNotAskedFor) {
  const auto rules = to_json(DifferenceReport{&rules_, nullptr}, files_);
  EXPECT_FALSE(rules.contains("traffic"));
  const auto traffic = to_json(DifferenceReport{nullptr, &traffic_}, files_);
  EXPECT_FALSE(traffic.contains("rules"));
  EXPECT_EQ(difference_text(DifferenceReport{nullptr, &traffic_}, files_, false).find("Traffic:"), 0U);
}

TEST_F(DifferenceReportTest, Text) {
  const std::string text = difference_text(DifferenceReport{&rules_, &traffic_}, files_, false);
  for (const char* part :
       {"Rules:\n", "  -  security group web   ingress           allow tcp 22 203.0.113.0/24",
        "newly denied: 203.0.113.0/24 -> web, IPv4, tcp 22\n",
        "open connections are cut from server to client", "vpcwall explain --policy b.yaml --protocol tcp"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(difference_text(DifferenceReport{&rules_, &traffic_}, files_, true).find("\033[31m"),
            std::string::npos);
}

TEST(DifferenceReport, SaysThatThereIsNoDifference) {
  const std::vector<PolicyChange> none;
  const TrafficDifference traffic = difference_of(web(shut), web(shut));
  const DifferenceReport report{&none, &traffic};
  EXPECT_TRUE(report.is_empty());
  EXPECT_EQ(difference_text(report, {"a", "b"}, false), "Rules: no difference\n\nTraffic: no difference\n");
}

}  // namespace
}  // namespace vpcwall
