// A few random policies, every packet of the small space; brute_force_run does the same with many.
#include "brute_force/brute_force.h"

#include <gtest/gtest.h>

namespace vpcwall::brute_force {
namespace {

TEST(BruteForce, AgreesWithReachAndDifference) {
  Tally reach, difference;
  for (std::uint64_t number = 0; number < VPCWALL_BRUTE_FORCE_POLICIES; ++number) {
    const auto mistake = compare_numbered(1, number, reach, difference);
    ASSERT_FALSE(mistake) << *mistake;
  }
  // A run in which nothing happened proves nothing.
  EXPECT_GT(reach.reached, reach.packets / 100);
  EXPECT_GT(reach.answered, 0U);
  EXPECT_LT(reach.answered, reach.reached);
  EXPECT_GT(difference.changed, 0U);
  EXPECT_GT(difference.cut, 0U);
}

// What the comparison itself is worth: a wrong policy is noticed.
TEST(BruteForce, NoticesADifferenceThatDiffDoesNotKnow) {
  std::mt19937_64 random(7);
  const PortSpace ports = random_ports(random);
  const Policy policy = random_policy(random, ports);
  Policy closed = policy;
  for (NetworkAcl& acl : closed.network_acls) acl.ingress.clear();
  Tally tally;
  EXPECT_FALSE(compare_difference(policy, policy, ports, tally));
  EXPECT_EQ(tally.changed, 0U);
  EXPECT_FALSE(compare_difference(policy, closed, ports, tally));
  EXPECT_GT(tally.changed, 0U);
}

}  // namespace
}  // namespace vpcwall::brute_force
