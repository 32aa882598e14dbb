#include "reach/reach.h"

#include <gtest/gtest.h>

#include "reach/reach_picture.h"
#include "reach/reach_report.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::small_vpc;

Reach reach_of(const Policy& policy, const ReachOptions& options = {}) {
  auto reach = find_reach(policy, options);
  EXPECT_TRUE(reach) << (reach ? "" : reach.error());
  return std::move(*reach);
}

// "FROM TO FAMILY TRAFFIC REPLY" of each row that is not about IPv6 alone.
std::vector<std::string> rows(const Reach& reach) {
  std::vector<std::string> all;
  for (const ReachRow& row : rows_of(reach))
    all.push_back(row.from_text + " > " + row.to_text + " | " + row.family + " | " + row.traffic + " | " +
                  row.reply_text);
  return all;
}

using Rows = std::vector<std::string>;

constexpr const char* three_groups =
    "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}], egress: []}\n"
    "  - {name: app, ingress: [{protocol: udp, ports: 53, source: {group: web}}], egress: []}\n"
    "  - {name: db, ingress: [], egress: [{protocol: tcp, ports: 443, destination: {group: web}}]}";

TEST(Reach, TellsWhoReachesWhom) {
  EXPECT_EQ(rows(reach_of(small_vpc(three_groups))),
            (Rows{"internet > web | IPv4 | tcp 443 | passes", "db > web | IPv4 | tcp 443 | passes"}))
      << "app may be asked by web, but web may not ask";
}

TEST(Reach, TellsThatTheReplyHangs) {
  const Reach reach = reach_of(
      small_vpc(three_groups,
                "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, "
                "cidr: 0.0.0.0/0}], egress: []}\n"));
  EXPECT_EQ(rows(reach),
            (Rows{"internet > web | IPv4 | tcp 443 | blocked by network ACL of subnet public, egress "
                  "entry *"}));
  const std::size_t internet = *reach.endpoints.find("internet"), web = *reach.endpoints.find("web");
  EXPECT_EQ(mark_of(reach, internet, web), CellMark::half_open);
  EXPECT_EQ(mark_of(reach, web, internet), CellMark::nothing);
  EXPECT_EQ(mark_of(reach, web, web), CellMark::not_told);
}

constexpr const char* windows_only =
    "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, cidr: "
    "0.0.0.0/0}], "
    "egress: [{rule: 100, action: allow, protocol: tcp, ports: 49152-65535, cidr: 0.0.0.0/0}]}\n";

TEST(Reach, TellsThatSomeClientsHang) {  // N-35, N-37
  const Policy policy = small_vpc(three_groups, windows_only);
  const Reach reach = reach_of(policy);
  EXPECT_EQ(rows(reach).front(),
            "internet > web | IPv4 | tcp 443 | partly, to client ports 49152-60999 only; otherwise blocked "
            "by network "
            "ACL of subnet public, egress entry *");
  ReachOptions windows;
  windows.client_ports = {49152, 65535};
  EXPECT_EQ(rows(reach_of(policy, windows)).front(), "internet > web | IPv4 | tcp 443 | passes");
}

// An echo reply has the code of its request.
TEST(Reach, TellsQueriesApartWhereTheirAnswersAre) {
  const Reach reach = reach_of(small_vpc(
      "  - {name: web, ingress: [{protocol: icmp, type: 8, source: 0.0.0.0/0}], egress: []}",
      "network_acls:\n  - {name: default, ingress: [{rule: 100, action: allow, protocol: all, cidr: "
      "0.0.0.0/0}], "
      "egress: [{rule: 100, action: allow, protocol: icmp, type: 0, code: 1, cidr: 0.0.0.0/0}]}\n"));
  const Rows found = rows(reach);
  ASSERT_GE(found.size(), 2U);
  EXPECT_EQ((Rows{found[0], found[1]}),
            (Rows{"internet > web | IPv4 | icmp type 8 code 0, 2-255 | blocked by network ACL "
                  "of subnet public, egress entry *",
                  "internet > web | IPv4 | icmp type 8 code 1 | passes"}));
}

TEST(Reach, SaysBothFamiliesTogetherWhereTheyAreAlike) {
  const Reach reach = reach_of(
      small_vpc("  - {name: web, egress: [], ingress: [{protocol: tcp, ports: 443, source: 0.0.0.0/0}, "
                "{protocol: tcp, ports: "
                "443, source: \"::/0\"}]}\n  - {name: app, egress: []}\n  - {name: db, egress: []}"));
  EXPECT_EQ(rows(reach), (Rows{"internet > web | both | tcp 443 | passes"}));
}

TEST(Reach, SaysAllWhereNothingIsMissing) {
  const Reach reach =
      reach_of(small_vpc("  - {name: web, ingress: [{protocol: all, source: {group: app}}], egress: []}\n"
                         "  - {name: app}\n  - {name: db, egress: []}"));
  EXPECT_EQ(rows(reach), (Rows{"app > internet | IPv4 | all | passes", "app > web | IPv4 | all | passes"}));
}

TEST(Reach, NamesTheAddressesWhereNotAllAreMeant) {
  const Policy policy = test::policy_of(
      "version: 1\nvpc: {cidr: 10.0.0.0/16}\n"
      "prefix_lists: [{name: office, entries: [{cidr: 198.51.100.0/24}, {cidr: 192.0.2.0/24}]}]\n"
      "security_groups:\n  - {name: g, ingress: [{protocol: tcp, ports: 80, source: {prefix_list: office}}], "
      "egress: "
      "[]}\n"
      "network_acls:\n  - name: default\n    ingress: [{rule: 90, action: deny, protocol: all, cidr: "
      "198.0.0.0/8}, "
      "{rule: 100, action: allow, protocol: all, cidr: 0.0.0.0/0}]\n    egress: [{rule: 100, action: allow, "
      "protocol: "
      "all, cidr: 0.0.0.0/0}]\n"
      "subnets: [{name: s, cidr: 10.0.1.0/24}]\n"
      "interfaces: [{name: web, subnet: s, addresses: [10.0.1.10], security_groups: [g]}]\n");
  EXPECT_EQ(rows(reach_of(policy)), (Rows{"office (192.0.2.0/24) > web | IPv4 | tcp 80 | passes"}));
  const auto json = to_json(reach_of(policy), "p");
  EXPECT_EQ(json.at("reaches").at(0).at("sources"), (nlohmann::ordered_json{"192.0.2.0/24"}));
}

TEST(Reach, AsksOnlyAboutWhatIsWanted) {
  const Policy policy = small_vpc(three_groups);
  ReachOptions from_db;
  from_db.from = "db";
  EXPECT_EQ(rows(reach_of(policy, from_db)), (Rows{"db > web | IPv4 | tcp 443 | passes"}));
  ReachOptions address;
  address.from = "198.51.100.1";
  address.to = "10.0.1.10";
  EXPECT_EQ(rows(reach_of(policy, address)), (Rows{"internet > web | IPv4 | tcp 443 | passes"}));
  ReachOptions udp;
  udp.protocol = Protocol::udp;
  EXPECT_TRUE(reach_of(policy, udp).lines.empty());
  EXPECT_LT(reach_of(policy, udp).exchanges, reach_of(policy).exchanges);
}

TEST(Reach, RefusesWhatItDoesNotKnow) {
  ReachOptions options;
  options.to = "weeb";
  const auto reach = find_reach(small_vpc(three_groups), options);
  ASSERT_FALSE(reach);
  EXPECT_EQ(reach.error(),
            "--to: found \"weeb\", expected an address or one of the endpoints that `vpcwall reach "
            "--all` lists; did you mean \"web\"?");
}

TEST(Reach, RefusesWhatWouldTakeTooLong) {
  ReachOptions options;
  options.max_exchanges = 10;
  const auto reach = find_reach(small_vpc(three_groups), options);
  ASSERT_FALSE(reach);
  EXPECT_EQ(reach.error(),
            "the policy tells more than 10 kinds of traffic apart: ask about fewer with --from, --to or "
            "--protocol");
}

TEST(Reach, LeavesServicesOutUnlessEverythingIsWanted) {  // E-7
  const Policy policy = small_vpc(three_groups);
  ReachOptions everything;
  everything.everything = true;
  const Reach reach = reach_of(policy, everything);
  const auto all = rows(reach);
  EXPECT_NE(std::find(all.begin(), all.end(), "web > aws-services | both | all | passes"), all.end());
  EXPECT_GT(reach.from.size(), reach_of(policy).from.size());
}

TEST(ReachJson, CarriesEverything) {
  const auto json = to_json(reach_of(small_vpc(three_groups, windows_only)), "my policy.yaml");
  EXPECT_EQ(json.at("schema"), "vpcwall/reach/1");
  EXPECT_EQ(json.at("client_ports"), "32768-60999");
  EXPECT_EQ(json.at("endpoints").at(0).at("name"), "internet");
  const auto& line = json.at("reaches").at(0);
  EXPECT_EQ(line.at("from"), "internet");
  EXPECT_EQ(line.at("family"), "ipv4");
  EXPECT_EQ(line.at("ports"), "443");
  EXPECT_EQ(line.at("reply"), "partly");
  EXPECT_EQ(line.at("answered_ports"), (nlohmann::ordered_json{"49152-60999"}));
  EXPECT_EQ(line.at("blocked_at").at("gate"), "acl-egress");
  EXPECT_EQ(line.at("blocked_at").at("rule"), "*");
  EXPECT_EQ(line.at("witness").at("packet").at("destination_port"), 443);
  EXPECT_EQ(
      line.at("witness").at("explain"),
      "vpcwall explain --policy 'my policy.yaml' --protocol tcp --source 203.0.113.12:40000 --destination "
      "10.0.1.10:443");
  EXPECT_FALSE(line.contains("sources")) << "all of the endpoint's";
}

TEST(ReachText, MarksWhatIsHalfOpenAlsoWithoutColour) {
  const Reach reach = reach_of(small_vpc(three_groups, windows_only));
  const std::string text = reach_text(reach, false);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_NE(text.find("1  internet  .  ~"), std::string::npos) << text;
  EXPECT_NE(reach_text(reach, true).find("\033[33minternet"), std::string::npos);
}

TEST(ReachText, SaysWhenNothingReaches) {
  const Reach reach = reach_of(
      small_vpc("  - {name: web, egress: []}\n  - {name: app, egress: []}\n  - {name: db, egress: []}"));
  EXPECT_NE(reach_text(reach, false).find("nothing reaches\n"), std::string::npos);
}

TEST(ReachText, ExplainsColumnsThatAreNoRows) {
  ReachOptions options;
  options.from = "db";
  EXPECT_NE(reach_text(reach_of(small_vpc(three_groups), options), false).find("2 = web\n"),
            std::string::npos);
}

TEST(ReachPicture, IsAGraph) {
  const std::string dot = reach_dot(reach_of(small_vpc(three_groups, windows_only)));
  EXPECT_EQ(dot.find("digraph reach {"), 0U);
  EXPECT_NE(dot.find("\"internet\" [shape=ellipse];"), std::string::npos);
  EXPECT_NE(dot.find("\"internet\" -> \"web\" [label=\"tcp 443 (IPv4)\\nreply partly"), std::string::npos)
      << dot;
  EXPECT_NE(dot.find("style=dashed"), std::string::npos) << "colour is never the only sign";
}

TEST(ReachPicture, QuotesNames) {
  Policy policy = small_vpc(three_groups);
  policy.interfaces[0].name = "a\"b\\<c>&";
  const Reach reach = reach_of(policy);
  EXPECT_NE(reach_dot(reach).find("\"a\\\"b\\\\<c>&\""), std::string::npos);
  const std::string svg = reach_svg(reach);
  EXPECT_NE(svg.find("a&quot;b\\&lt;c&gt;&amp;"), std::string::npos);
  EXPECT_EQ(svg.find("<c>"), std::string::npos);
}

TEST(ReachPicture, IsAMatrix) {
  const std::string svg = reach_svg(reach_of(small_vpc(three_groups, windows_only)));
  EXPECT_EQ(svg.find("<svg xmlns=\"http://www.w3.org/2000/svg\""), 0U);
  EXPECT_NE(svg.find(">half open</text>"), std::string::npos);
  EXPECT_NE(svg.find("internet to web: \ntcp 443 (IPv4): reply partly"), std::string::npos);
}

}  // namespace
}  // namespace vpcwall
