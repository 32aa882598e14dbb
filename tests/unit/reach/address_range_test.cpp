#include "reach/address_range.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;

TEST(AddressRange, HoldsBothItsEnds) {
  const AddressRange range{ip("10.0.0.4"), ip("10.0.0.9")};
  EXPECT_TRUE(range.contains(ip("10.0.0.4")));
  EXPECT_TRUE(range.contains(ip("10.0.0.9")));
  EXPECT_FALSE(range.contains(ip("10.0.0.3")));
  EXPECT_FALSE(range.contains(ip("10.0.0.10")));
  EXPECT_FALSE(range.contains(ip("2001:db8::4")));
}

TEST(AddressRange, NothingFollowsTheLastAddress) {
  EXPECT_EQ(next(ip("10.0.0.255")), ip("10.0.1.0"));
  EXPECT_EQ(next(ip("2001:db8::ffff:ffff:ffff:ffff")), ip("2001:db8:0:1::"));
  EXPECT_EQ(next(ip("255.255.255.255")), std::nullopt);
  EXPECT_EQ(next(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), std::nullopt);
}

TEST(AddressRange, JoinsWhatTouches) {
  const auto ranges = joined({{ip("10.0.0.8"), ip("10.0.0.9")},
                              {ip("10.0.0.4"), ip("10.0.0.7")},
                              {ip("10.0.0.11"), ip("10.0.0.11")}});
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0], (AddressRange{ip("10.0.0.4"), ip("10.0.0.9")}));
  EXPECT_TRUE(contains(ranges, ip("10.0.0.11")));
  EXPECT_FALSE(contains(ranges, ip("10.0.0.10")));
}

TEST(AddressRange, IsSaidAsShortlyAsItCanBe) {
  EXPECT_EQ(to_string(AddressRange{ip("10.0.0.4"), ip("10.0.0.4")}), "10.0.0.4");
  EXPECT_EQ(to_string(AddressRange{ip("10.0.0.4"), ip("10.0.0.7")}), "10.0.0.4/30");
  EXPECT_EQ(to_string(AddressRange{ip("10.0.0.4"), ip("10.0.0.8")}), "10.0.0.4-10.0.0.8");
  EXPECT_EQ(to_string(AddressRange{ip("0.0.0.0"), ip("255.255.255.255")}), "0.0.0.0/0");
  EXPECT_EQ(to_string(AddressRange{ip("2001:db8::"), ip("2001:db8::ffff")}), "2001:db8::/112");
}

}  // namespace
}  // namespace vpcwall
