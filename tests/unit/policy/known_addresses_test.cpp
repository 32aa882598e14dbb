#include "policy/known_addresses.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

Prefix prefix(const char* text) { return *parse_prefix(text); }
IpAddress address(const char* text) { return *parse_address(text); }

TEST(KnownAddresses, KnowsNothingOfAnAddressThatNobodyNamed) {
  const KnownAddresses known;
  EXPECT_EQ(known.find(address("10.0.1.10")), AddressFacts());
  EXPECT_EQ(AddressFacts().owner(), no_interface);
  EXPECT_EQ(AddressFacts().subnet(), no_subnet);
  EXPECT_FALSE(AddressFacts().exempt());
  EXPECT_FALSE(AddressFacts().auto_tracked());
}

TEST(KnownAddresses, AnswersEverythingAtOnce) {
  const std::vector<KnownAddresses::Owned> owned{{prefix("10.0.1.10/32"), 3}, {prefix("10.0.1.16/28"), 4}};
  const std::vector<Prefix> exempt{prefix("10.0.1.1/32")}, tracked{prefix("10.0.1.10/32")};
  const KnownAddresses known(owned, {}, exempt, tracked);
  EXPECT_EQ(known.find(address("10.0.1.10")), AddressFacts(3, false, true));
  EXPECT_EQ(known.find(address("10.0.1.16")), AddressFacts(4, false, false));
  EXPECT_EQ(known.find(address("10.0.1.31")), AddressFacts(4, false, false));
  EXPECT_EQ(known.find(address("10.0.1.32")), AddressFacts());
  EXPECT_EQ(known.find(address("10.0.1.1")), AddressFacts(no_interface, true, false));
}

TEST(KnownAddresses, WhatHoldsForAPrefixHoldsForThoseInsideIt) {
  const std::vector<KnownAddresses::Owned> owned{{prefix("10.0.1.16/28"), 0}};
  const std::vector<Prefix> exempt{prefix("10.0.1.20/32"), prefix("10.0.1.0/24")};
  const std::vector<Prefix> tracked{prefix("10.0.0.0/8"), prefix("10.0.1.20/31")};
  const KnownAddresses known(owned, {}, exempt, tracked);
  EXPECT_EQ(known.find(address("10.0.1.20")), AddressFacts(0, true, true));
  EXPECT_EQ(known.find(address("10.0.1.5")), AddressFacts(no_interface, true, true));
  EXPECT_EQ(known.find(address("10.9.9.9")), AddressFacts(no_interface, false, true));
  EXPECT_EQ(known.find(address("11.0.0.0")), AddressFacts());
}

// O-20: what no interface has belongs to the subnet; an interface's address, delegated ones included, does
// not.
TEST(KnownAddresses, AnAddressOfASubnetThatNoInterfaceHasIsTheSubnets) {
  const std::vector<KnownAddresses::Owned> owned{{prefix("10.0.1.10/32"), 3}, {prefix("10.0.1.16/28"), 4}};
  const std::vector<KnownAddresses::SubnetRange> subnets{
      {prefix("10.0.1.0/24"), 0}, {prefix("10.0.2.0/24"), 65534}, {prefix("2001:db8::/64"), 0}};
  const std::vector<Prefix> exempt{prefix("10.0.1.1/32"), prefix("10.0.1.10/32")};
  const std::vector<Prefix> tracked{prefix("10.0.0.0/8")};
  const KnownAddresses known(owned, subnets, exempt, tracked);
  for (const char* text : {"10.0.1.0", "10.0.1.9", "10.0.1.11", "10.0.1.255"}) {
    EXPECT_EQ(known.find(address(text)), AddressFacts::unlisted(0, false, true)) << text;
    EXPECT_EQ(known.find(address(text)).subnet(), 0) << text;
    EXPECT_EQ(known.find(address(text)).owner(), no_interface) << text;
  }
  EXPECT_EQ(known.find(address("10.0.1.10")), AddressFacts(3, true, true));
  EXPECT_EQ(known.find(address("10.0.1.20")), AddressFacts(4, false, true));
  EXPECT_EQ(known.find(address("10.0.1.20")).subnet(), no_subnet);
  EXPECT_EQ(known.find(address("10.0.1.1")), AddressFacts::unlisted(0, true, true));
  EXPECT_EQ(known.find(address("10.0.2.99")).subnet(), 65534);
  EXPECT_EQ(known.find(address("10.0.3.1")), AddressFacts::unlisted(no_subnet, false, true));
  EXPECT_EQ(known.find(address("10.0.3.1")), AddressFacts(no_interface, false, true));
  EXPECT_EQ(known.find(address("2001:db8::7")).subnet(), 0);
  EXPECT_EQ(known.find(address("2001:db8:0:1::7")), AddressFacts());
}

// Both ends travel in one word: neither loses its subnet.
TEST(KnownAddresses, BothEndsKeepTheirSubnets) {
  const Ends ends(AddressFacts::unlisted(7, true, false), AddressFacts::unlisted(65534, false, true));
  EXPECT_EQ(ends.source(), AddressFacts::unlisted(7, true, false));
  EXPECT_EQ(ends.destination(), AddressFacts::unlisted(65534, false, true));
}

TEST(KnownAddresses, KeepsTheFamiliesApart) {
  const std::vector<KnownAddresses::Owned> owned{{prefix("2001:db8::10/128"), 0}, {prefix("0.0.0.0/0"), 1}};
  const KnownAddresses known(owned, {}, {}, {});
  EXPECT_EQ(known.find(address("2001:db8::10")).owner(), 0);
  EXPECT_EQ(known.find(address("2001:db8::11")).owner(), no_interface);
  EXPECT_EQ(known.find(address("32.1.13.184")).owner(), 1);
}

// Sorted by their bits alone, 2001:db8::/32 stands between 32.0.0.0/8 and 32.1.128.0/24.
TEST(KnownAddresses, ARangeOfTheOtherFamilyEndsNoRange) {
  const std::vector<Prefix> tracked{prefix("32.0.0.0/8"), prefix("2001:db8::/32")};
  const std::vector<Prefix> exempt{prefix("32.1.128.0/24")};
  const KnownAddresses known({}, {}, exempt, tracked);
  EXPECT_EQ(known.find(address("32.1.128.7")), AddressFacts(no_interface, true, true));
}

}  // namespace
}  // namespace vpcwall
