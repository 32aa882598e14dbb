#include "reach/address_classes.h"

#include <gtest/gtest.h>

#include <set>

#include "support/policies.h"

namespace vpcwall {
namespace {

Prefix prefix(const char* text) { return *parse_prefix(text); }

std::size_t class_of(const std::vector<std::vector<AddressRange>>& classes, const char* address) {
  std::size_t found = classes.size();
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (contains(classes[i], test::ip(address))) {
      EXPECT_EQ(found, classes.size()) << address << " is in two classes";
      found = i;
    }
  EXPECT_LT(found, classes.size()) << address << " is in none";
  return found;
}

TEST(AddressClasses, WithoutSetsAllAddressesAreAlike) {
  const auto classes = address_classes(Family::ipv6, {});
  ASSERT_EQ(classes.size(), 1U);
  EXPECT_EQ(to_string(classes[0].front()), "::/0");
}

TEST(AddressClasses, TellsApartWhatASetTellsApart) {
  const std::vector<PrefixSet> sets{{prefix("10.0.0.0/8")}, {prefix("10.0.1.0/24")}};
  const auto classes = address_classes(Family::ipv4, sets);
  EXPECT_EQ(classes.size(), 3U);
  EXPECT_EQ(class_of(classes, "9.255.255.255"), class_of(classes, "11.0.0.0"));
  EXPECT_EQ(class_of(classes, "10.0.0.255"), class_of(classes, "10.0.2.0"));
  EXPECT_NE(class_of(classes, "10.0.0.255"), class_of(classes, "10.0.1.0"));
  EXPECT_NE(class_of(classes, "10.0.0.0"), class_of(classes, "9.255.255.255"));
}

TEST(AddressClasses, MembersOfOneSetAreAlikeWhereverTheyLie) {
  const std::vector<PrefixSet> sets{{prefix("192.0.2.0/24"), prefix("10.0.0.0/8"), prefix("10.1.0.0/16")}};
  const auto classes = address_classes(Family::ipv4, sets);
  EXPECT_EQ(classes.size(), 2U) << "a prefix inside another one of its set tells nothing apart";
  EXPECT_EQ(class_of(classes, "10.1.2.3"), class_of(classes, "192.0.2.77"));
}

TEST(AddressClasses, TheSameSetTwiceTellsNothingMore) {
  const std::vector<PrefixSet> sets{{prefix("10.0.0.0/8")}, {prefix("10.0.0.0/8")}, {prefix("0.0.0.0/0")}};
  EXPECT_EQ(address_classes(Family::ipv4, sets).size(), 2U);
}

TEST(AddressClasses, TheOtherFamilyDoesNotCount) {
  const std::vector<PrefixSet> sets{{prefix("10.0.0.0/8")}, {prefix("2001:db8::/32")}};
  EXPECT_EQ(address_classes(Family::ipv4, sets).size(), 2U);
  EXPECT_EQ(address_classes(Family::ipv6, sets).size(), 2U);
}

TEST(AddressClasses, ReachTheLastAddress) {
  const std::vector<PrefixSet> sets{{prefix("255.255.255.255/32")}, {prefix("0.0.0.0/32")}};
  const auto classes = address_classes(Family::ipv4, sets);
  ASSERT_EQ(classes.size(), 3U);
  EXPECT_EQ(to_string(classes[class_of(classes, "255.255.255.255")].front()), "255.255.255.255");
  EXPECT_EQ(to_string(classes[class_of(classes, "1.2.3.4")].front()), "0.0.0.1-255.255.255.254");
}

// Membership in every set, address by address.
TEST(AddressClasses, EqualMembershipIsTheSameClassAndNothingElseIs) {
  std::vector<PrefixSet> sets;
  for (unsigned i = 0; i < 12; ++i)
    sets.push_back({make_prefix(advance(test::ip("10.0.0.0"), i * 5), static_cast<std::uint8_t>(26 + i % 7)),
                    make_prefix(advance(test::ip("10.0.0.0"), 63 - i * 3), 30)});
  const auto classes = address_classes(Family::ipv4, sets);
  std::set<std::pair<std::vector<bool>, std::size_t>> seen;
  std::set<std::vector<bool>> memberships;
  for (std::uint32_t offset = 0; offset < 70; ++offset) {
    const IpAddress address = advance(test::ip("10.0.0.0"), offset);
    std::vector<bool> membership;
    for (const PrefixSet& set : sets)
      membership.push_back(set[0].contains(address) || set[1].contains(address));
    seen.emplace(membership, class_of(classes, to_string(address).c_str()));
    memberships.insert(membership);
  }
  EXPECT_EQ(seen.size(), memberships.size());
  EXPECT_EQ(classes.size(), memberships.size()) << "the addresses outside are like 10.0.0.69";
}

}  // namespace
}  // namespace vpcwall
