#include "observe/decision_filter.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

using nlohmann::json;

DecisionFilter read(const char* text) {
  const auto filter = read_filter(json::parse(text));
  EXPECT_TRUE(filter.has_value()) << (filter ? "" : filter.error());
  return filter ? *filter : DecisionFilter{};
}

std::string mistake(const json& filter) {
  const auto read = read_filter(filter);
  EXPECT_FALSE(read.has_value()) << filter;
  return read ? std::string() : read.error();
}

TEST(DecisionFilter, ReadsEveryKey) {
  const DecisionFilter filter = read(R"({"denied": true, "interface": ["web", "eni-0a"], "group": "web",
    "acl": ["public"], "rule": ["100", "*"], "protocol": ["tcp", "47"], "port": ["22", "1024-65535"],
    "source": ["203.0.113.9"], "destination": ["10.0.0.0/16", "2001:db8::/32"], "cidr": "0.0.0.0/0"})");
  EXPECT_TRUE(filter.denied);
  EXPECT_EQ(filter.interfaces, (std::vector<std::string>{"web", "eni-0a"}));
  EXPECT_EQ(filter.groups, std::vector<std::string>{"web"});
  EXPECT_EQ(filter.acls, std::vector<std::string>{"public"});
  EXPECT_EQ(filter.rules, (std::vector<std::string>{"100", "*"}));
  EXPECT_EQ(filter.protocols, (std::vector{Protocol::tcp, Protocol::gre}));
  EXPECT_EQ(filter.ports, (std::vector<PortRange>{{22, 22}, {1024, 65535}}));
  EXPECT_EQ(filter.sources, std::vector{*parse_prefix("203.0.113.9/32")});
  EXPECT_EQ(filter.destinations, (std::vector{*parse_prefix("10.0.0.0/16"), *parse_prefix("2001:db8::/32")}));
  EXPECT_EQ(filter.either_end, std::vector{*parse_prefix("0.0.0.0/0")});
  EXPECT_EQ(read("{}"), DecisionFilter{});
}

TEST(DecisionFilter, SaysWhatWasFoundAndWhatWasExpected) {
  EXPECT_EQ(mistake("all"), "found \"all\" for a filter, expected an object");
  EXPECT_EQ(mistake({{"denied", 1}}), "found 1 for \"denied\", expected true or false");
  EXPECT_EQ(mistake({{"port", {"22", "http"}}}),
            "found \"http\" for \"port\", expected a port or a range of ports such as 1024-65535");
  EXPECT_EQ(mistake({{"protocol", "tpc"}}),
            "found \"tpc\" for \"protocol\", expected tcp, udp, icmp, icmpv6 or a number from 0 to 255");
  EXPECT_EQ(mistake({{"source", "10.0.0.0/33"}}),
            "found \"10.0.0.0/33\" for \"source\", expected an address or a range such as 10.0.0.0/16");
  EXPECT_EQ(mistake({{"interface", ""}}), "found \"\" for \"interface\", expected a name or an id");
  EXPECT_EQ(mistake({{"interface", 7}}), "found 7 for \"interface\", expected a name or an id");
  for (const char* ports :
       {"", "-", "22-", "-22", "23-22", "65536", "22 ", "+22", "1-2-3", "022", "22-0080", "00"})
    EXPECT_NE(mistake({{"port", ports}}).find("expected a port"), std::string::npos) << ports;
}

TEST(DecisionFilter, NamesTheNearestKey) {
  EXPECT_EQ(mistake({{"interfaces", "web"}}), "unknown filter \"interfaces\"; did you mean \"interface\"?");
  EXPECT_NE(mistake({{"colour", "red"}}).find("expected one of denied, interface"), std::string::npos);
}

TEST(DecisionFilter, IsBounded) {
  EXPECT_EQ(mistake({{"port", std::vector<std::string>(most_filter_values + 1, "22")}}),
            "more than 16 values for \"port\"");
  EXPECT_EQ(read_filter({{"port", std::vector<std::string>(most_filter_values, "22")}})->ports.size(),
            most_filter_values);
  EXPECT_NE(mistake({{"acl", std::string(longest_filter_value + 1, 'x')}}).find("expected a name"),
            std::string::npos);
}

}  // namespace
}  // namespace vpcwall
