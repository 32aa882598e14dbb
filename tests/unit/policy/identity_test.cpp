#include "policy/identity.h"

#include <gtest/gtest.h>

#include <set>

namespace vpcwall {
namespace {

Traffic tcp(std::uint16_t first, std::uint16_t last) { return {Protocol::tcp, {first, last}, {}, {}}; }
Peer peer(const char* cidr) { return *parse_prefix(cidr); }

// These values may never change: counters and API clients know rules by them across releases.
TEST(Identity, IsTheSameOnEveryHostAndInEveryRelease) {
  EXPECT_EQ(derive_id("sg", "default"), "sg-0788e8b5f10f96bd8");
  EXPECT_EQ(derive_id("acl", "default"), "acl-0d3415127e4a4375c");
  EXPECT_EQ(derive_rule_id("sg-0191b10377ac7e44f", Direction::ingress, tcp(443, 443), peer("0.0.0.0/0")),
            "sgr-0d4938510c47fc327");
}

TEST(Identity, HasTheFormOfAwsIds) {
  for (const char* kind : {"sg", "acl", "subnet", "eni", "pl"}) {
    const std::string id = derive_id(kind, "a name, with spaces");
    EXPECT_TRUE(is_well_formed_id(kind, id)) << id;
    EXPECT_EQ(id.size(), std::string_view(kind).size() + 1 + 17) << id;
  }
}

TEST(Identity, DiffersByKindAndByName) {
  const std::set<std::string> digits{derive_id("sg", "web").substr(3), derive_id("pl", "web").substr(3),
                                     derive_id("sg", "Web").substr(3), derive_id("sg", "").substr(3)};
  EXPECT_EQ(digits.size(), 4U);
}

TEST(RuleIdentity, DiffersWhereverAwsSeesADifferentRule) {
  const Traffic ping{Protocol::icmp, {}, 8, {}};
  const Traffic ping_code{Protocol::icmp, {}, 8, 0};
  std::set<std::string> ids;
  std::size_t rules = 0;
  for (const char* group : {"sg-1", "sg-2"})
    for (const Direction direction : {Direction::ingress, Direction::egress})
      for (const Traffic& traffic : {tcp(22, 22), tcp(22, 23), ping, ping_code, Traffic{}})
        for (const Peer& who : {peer("10.0.0.0/8"), peer("10.0.0.0/9"), peer("::/0"),
                                Peer{GroupReference{"sg-1"}}, Peer{PrefixListReference{"pl-1"}}}) {
          ids.insert(derive_rule_id(group, direction, traffic, who));
          ++rules;
        }
  EXPECT_EQ(ids.size(), rules);
}

TEST(RuleIdentity, IgnoresPortsWhereThereAreNone) {  // S-59
  const Traffic esp{Protocol::esp, {}, {}, {}};
  const Traffic esp_with_ports{Protocol::esp, {5, 6}, {}, {}};
  EXPECT_EQ(rule_identity(Direction::ingress, esp, peer("10.0.0.0/8")),
            rule_identity(Direction::ingress, esp_with_ports, peer("10.0.0.0/8")));
}

TEST(WellFormedId, IsAKindADashAndHexadecimalDigits) {
  for (const char* good : {"sg-0", "sg-0a1b2c3d", "sg-0123456789abcdef0"})
    EXPECT_TRUE(is_well_formed_id("sg", good)) << good;
  for (const char* bad : {"", "sg", "sg-", "sg-G", "sg-0A", "sgr-0", "acl-0", "sg-0 ", "sg-web", "xsg-0"})
    EXPECT_FALSE(is_well_formed_id("sg", bad)) << bad;
  EXPECT_FALSE(is_well_formed_id("sg", "sg-" + std::string(41, '0')));
}

}  // namespace
}  // namespace vpcwall
