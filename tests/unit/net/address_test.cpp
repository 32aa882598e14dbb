#include "net/address.h"

#include <gtest/gtest.h>

#include "net/protocol.h"

namespace vpcwall {
namespace {

TEST(Address, SurvivesTextAndBack) {
  for (const char* text :
       {"0.0.0.0", "255.255.255.255", "10.0.1.10", "::", "::1", "2001:db8::5", "fe80:ec2::1"})
    EXPECT_EQ(to_string(*parse_address(text)), text);
}

TEST(Address, StandsInBracketsWhereItsColonsMeetAPort) {
  EXPECT_EQ(end_text(*parse_address("10.0.0.5"), 443, true), "10.0.0.5:443");
  EXPECT_EQ(end_text(*parse_address("2001:db8::5"), 0, true), "[2001:db8::5]:0");
  EXPECT_EQ(end_text(*parse_address("2001:db8::5"), 443, false), "2001:db8::5");
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "10.0.0.1/32", " 10.0.0.1", "fe80::1%eth0",
                           "2001:db8:::1", "01.2.3.4", "localhost"})
    EXPECT_FALSE(parse_address(text).has_value()) << text;
}

TEST(Address, RefusesWhatStandsBehindAZeroByte) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"10.0.0.5\0junk"sv, "10.0.0.5\0"sv, "\00010.0.0.5"sv, "2001:db8::5\0"sv, "\0"sv})
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  for (const std::string_view text : {"10.0.0.0\0x/24"sv, "10.0.0.0\0/24"sv, "10.0.0.0/24\0"sv, "::\0/0"sv})
    EXPECT_FALSE(parse_prefix(text).has_value()) << text;
}

TEST(Address, IsNeverEqualAcrossFamilies) { EXPECT_NE(*parse_address("0.0.0.0"), *parse_address("::")); }

TEST(Address, AdvancesInBothFamiliesWithCarry) {
  EXPECT_EQ(to_string(advance(*parse_address("10.0.0.255"), 1)), "10.0.1.0");
  EXPECT_EQ(to_string(advance(*parse_address("2001:db8::ffff:ffff:ffff:ffff"), 1)), "2001:db8:0:1::");
}

TEST(Prefix, IsCanonical) {
  EXPECT_EQ(to_string(*parse_prefix("100.68.0.18/18")), "100.68.0.0/18");
  EXPECT_EQ(to_string(*parse_prefix("2001:db8::1/64")), "2001:db8::/64");
}

TEST(Prefix, RefusesWhatIsNoPrefix) {
  for (const char* text :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/08", "10.0.0.0/-1", "/8", "10.0.0.0/8 "})
    EXPECT_FALSE(parse_prefix(text).has_value()) << text;
}

TEST(Prefix, ContainsExactlyItsAddresses) {
  struct Row {
    const char *prefix, *inside, *outside;
  };
  for (const Row& row : {Row{"10.0.0.0/24", "10.0.0.255", "10.0.1.0"}, Row{"0.0.0.0/0", "255.0.0.1", "::1"},
                         Row{"10.0.0.5/32", "10.0.0.5", "10.0.0.4"}, Row{"::/0", "ff02::1", "10.0.0.1"},
                         Row{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
                         Row{"2001:db8::/65", "2001:db8::7fff:0:0:0", "2001:db8::8000:0:0:0"},
                         Row{"2001:db8::5/128", "2001:db8::5", "2001:db8::4"}}) {
    const Prefix prefix = *parse_prefix(row.prefix);
    EXPECT_TRUE(prefix.contains(*parse_address(row.inside))) << row.prefix;
    EXPECT_FALSE(prefix.contains(*parse_address(row.outside))) << row.prefix;
  }
}

TEST(Prefix, KnowsItsLastAddress) {
  EXPECT_EQ(to_string(parse_prefix("10.0.0.0/24")->last()), "10.0.0.255");
  EXPECT_EQ(to_string(parse_prefix("2001:db8::/64")->last()), "2001:db8::ffff:ffff:ffff:ffff");
  EXPECT_EQ(to_string(parse_prefix("0.0.0.0/0")->last()), "255.255.255.255");
}

TEST(PortRange, IsInclusiveAtBothEnds) {
  const PortRange range{1024, 2000};
  EXPECT_TRUE(range.contains(1024) && range.contains(2000));
  EXPECT_FALSE(range.contains(1023) || range.contains(2001));
}

TEST(PortRange, SurvivesTextAndBack) {
  for (const char* text : {"0", "443", "65535", "0-65535", "1024-2000"})
    EXPECT_EQ(to_string(*parse_port_range(text)), text);
  EXPECT_EQ(parse_port_range("22-22"), (PortRange{22, 22}));
}

TEST(PortRange, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "22-", "-22", "23-22", "65536", "0-65536", "22 ", "+22", "1-2-3", "022",
                           "22-080", "00", "0x16", "all"})
    EXPECT_FALSE(parse_port_range(text)) << text;
}

TEST(Protocol, SpeaksNamesAndNumbers) {
  EXPECT_EQ(to_string(Protocol::icmpv6), "icmpv6");
  EXPECT_EQ(to_string(Protocol{47}), "47");
  EXPECT_EQ(parse_protocol("6"), Protocol::tcp);
  EXPECT_EQ(parse_protocol("255"), Protocol{255});
  for (const char* text : {"", "256", "010", "-1", "TCP", "tcp ", "6x"})
    EXPECT_FALSE(parse_protocol(text)) << text;
}

}  // namespace
}  // namespace vpcwall
