#include "replay/simulation.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;

constexpr const char* web =
    "  - {name: web, ingress: [{protocol: tcp, ports: 443, source: 203.0.113.0/24}], egress: []}";

TEST(SimulationPath, NamesAnInterfaceOfThePolicy) {
  const Simulation simulation(small_vpc(web));
  PacketStep step;
  step.packet = packet_of("tcp S 203.0.113.12:40000 > 10.0.1.10:443");
  step.path = {{Direction::ingress, "web"}};
  EXPECT_EQ(simulation.journey(step)->enters, simulation.policy().interface_named("web"));
  Simulation judging(small_vpc(web));
  const Decision decision = judging.packet(step.packet, *judging.journey(step), Duration::zero());
  EXPECT_EQ(judging.json(decision).at("verdict"), "accept");
  step.path = {{Direction::ingress, "nobody"}};
  EXPECT_EQ(simulation.journey(step).error().message, "\"nobody\" in \"path\" is no interface of the policy");
}

}  // namespace
}  // namespace vpcwall
