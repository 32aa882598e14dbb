#include "state/surviving_flows.h"

#include <gtest/gtest.h>

#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::small_vpc;

constexpr const char* narrow =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";
constexpr const char* open =
    "  - {name: web, ingress: [{protocol: all, source: 0.0.0.0/0}], egress: [{protocol: all, destination: "
    "0.0.0.0/0}]}";

SavedState of_a_connection(const CompiledPolicy& policy) {
  SavedState state;
  state.interfaces = {"eni-of-another-time", policy.interfaces[0].id};
  const auto ipv4 = [](std::uint64_t address) { return address << 32U; };
  Flow& flow = state.flows.emplace_back();
  flow.key.interface = 1;
  flow.key.local_high = ipv4(0x0a00010a);
  flow.key.remote_high = ipv4(0xcb00710c);
  flow.key.local_port = 22;
  flow.key.remote_port = 40000;
  flow.key.protocol = Protocol::tcp;
  return state;
}

TEST(SurvivingFlows, OutliveThePolicyThatNoLongerAllowsThem) {
  CompileContext context;
  const auto policy = compile(small_vpc(narrow), context, 1);
  SavedState state = of_a_connection(*policy);
  drop_ended(state, *compile(small_vpc("  - {name: web, ingress: [], egress: []}"), context, 2));
  EXPECT_EQ(state.flows.size(), 1U) << "C-20";
}

TEST(SurvivingFlows, EndWhereTheyAreNoLongerTracked) {
  CompileContext context;
  const auto policy = compile(small_vpc(narrow), context, 1);
  SavedState state = of_a_connection(*policy);
  drop_ended(state, *compile(small_vpc(open), context, 2));
  EXPECT_TRUE(state.flows.empty()) << "C-25";
}

TEST(SurvivingFlows, EndWithTheirInterface) {
  CompileContext context;
  const auto policy = compile(small_vpc(narrow), context, 1);
  SavedState state = of_a_connection(*policy);
  drop_ended(state, *compile(test::policy_of("version: 1\nvpc: {cidr: 10.0.0.0/16}\n"), context, 2));
  EXPECT_TRUE(state.flows.empty());
}

}  // namespace
}  // namespace vpcwall
