#include "daemon/hooks/device_gates.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

constexpr MacAddress own{2, 0, 0, 0, 1, 2}, other{2, 0, 0, 0, 9, 9};

struct DeviceGatesTest : ::testing::Test {
  HookPlan plan;
  Links links;

  DeviceGatesTest() {
    plan.mode = HookMode::host;
    plan.devices = {"eth0"};
    plan.device_indexes = {3};
    links[3] = {"eth0", "veth", own, true, 0, 0};
  }
  [[nodiscard]] DeviceGates gates(const std::set<std::uint32_t>& further = {}) const {
    return device_gates(plan, links, further);
  }
};

TEST_F(DeviceGatesTest, LetADevicesOwnFramesPass) {
  const DeviceGates found = gates();
  EXPECT_EQ(found.gates, (std::vector<DeviceGate>{{"eth0", 3, own, false, ""}}));
  EXPECT_TRUE(found.notes.empty());
}

TEST_F(DeviceGatesTest, CloseThePortOfABridge) {
  links[7] = {"br0", "bridge", other, true, 0, 0};
  links[3].master = 7;
  EXPECT_EQ(gates().notes, (std::vector<DeviceNote>{{"eth0", "closed", "is a port of bridge br0"}}));
  EXPECT_EQ(gates().gates.front().closed, "is a port of bridge br0");
}

TEST_F(DeviceGatesTest, FollowADeviceIntoAVrf) {
  links[7] = {"blue", "vrf", other, true, 0, 0};
  links[3].master = 7;
  EXPECT_TRUE(gates().notes.empty());
  EXPECT_EQ(gates().gates.front().closed, "");
}

TEST_F(DeviceGatesTest, KnowTheDevicesOnTopOfOne) {
  links[8] = {"mv0", "macvlan", other, true, 0, 3};
  EXPECT_EQ(gates().notes, (std::vector<DeviceNote>{{"eth0", "shared", "macvlan mv0 is on top of it"}}));
  EXPECT_TRUE(gates().gates.front().is_shared);
  links[8] = {"iv0", "ipvlan", own, true, 0, 3};
  EXPECT_EQ(gates().notes,
            (std::vector<DeviceNote>{{"eth0", "closed", "shares its address with ipvlan iv0"}}));
  links[8] = {"eth0.5", "vlan", own, true, 0, 3};
  EXPECT_TRUE(gates().notes.empty());
  EXPECT_EQ(gates({3}).notes,
            (std::vector<DeviceNote>{{"eth0", "shared", "a device on top of it is in another namespace"}}));
}

TEST_F(DeviceGatesTest, SayWhatPassesWhereNothingIsClosed) {
  links[7] = {"br0", "bridge", other, true, 0, 0};
  links[3].master = 7;
  plan.fail_open = true;
  EXPECT_TRUE(gates().gates.empty());
  EXPECT_EQ(gates().notes.front().state, "unjudged");
}

TEST_F(DeviceGatesTest, HaveNoneForADeviceThatIsNotHereOrHasNoAddress) {
  plan.device_indexes = {0};
  EXPECT_TRUE(gates().gates.empty());
  plan.device_indexes = {3};
  links[3].is_ethernet = false;
  EXPECT_TRUE(gates().gates.empty());
}

TEST_F(DeviceGatesTest, ShowNoByteOfANameThatATerminalWouldTake) {
  links[7] = {"br\x1b[2J", "bridge", other, true, 0, 0};
  links[3].master = 7;
  EXPECT_EQ(gates().notes.front().reason, "is a port of bridge br?[2J");
}

}  // namespace
}  // namespace vpcwall
