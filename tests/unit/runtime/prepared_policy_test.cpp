#include "runtime/prepared_policy.h"

#include <gtest/gtest.h>

#include "support/worker_assembly.h"

namespace vpcwall {
namespace {

using test::Assembly;
using test::small_vpc;

constexpr const char* shut = "  - {name: web, id: sg-1, ingress: [], egress: []}";
constexpr const char* with_80 =
    "  - {name: front, id: sg-1, ingress: [{protocol: tcp, ports: 80, source: 0.0.0.0/0}], egress: []}\n"
    "  - {name: web, id: sg-2}";

TEST(PreparedPolicy, ChangesNothingUntilItComesIntoForce) {
  Assembly a(1);
  a.use(shut);
  const std::size_t slots = a.reloader.slots().size();
  const auto next = prepare(small_vpc(with_80), a.reloader.in_force());
  EXPECT_EQ(a.reloader.slots().size(), slots);
  EXPECT_GT(next->context->slots.size(), slots);
  EXPECT_EQ(a.reloader.current()->generation, 1U);
  const ReloadReport report = a.reloader.bring_into_force(next, {}, Duration::zero());
  EXPECT_EQ(report.generation, 2U);
  EXPECT_EQ(a.reloader.current()->generation, 2U);
  EXPECT_EQ(a.reloader.slots().size(), next->context->slots.size());
}

// Two that were prepared at the same time have given the same slots to different rules.
TEST(PreparedPolicy, ComesIntoForceOnlyAfterWhatItWasPreparedFrom) {
  Assembly a(1);
  a.use(shut);
  const auto one = prepare(small_vpc(with_80), a.reloader.in_force());
  const auto other = prepare(small_vpc("  - {name: other}"), a.reloader.in_force());
  (void)a.reloader.bring_into_force(one, {}, Duration::zero());
  EXPECT_THROW((void)a.reloader.bring_into_force(other, {}, Duration::zero()), std::runtime_error);
  EXPECT_EQ(a.reloader.current()->generation, 2U);
  EXPECT_EQ(a.reloader.in_force(), one);
}

TEST(PreparedPolicy, TheWayBackIsWhatWasInForceWithItsNamesAndCounters) {
  Assembly a(1);
  a.use(shut);
  const auto before = a.reloader.in_force();
  const auto next = prepare(small_vpc(with_80), before);
  const auto back = way_back(*before, *next);
  (void)a.reloader.bring_into_force(next, {}, Duration::zero());
  const std::vector<CounterSlot> slots = active_slots(*a.reloader.current());
  const ReloadReport report = a.reloader.bring_into_force(back, {}, Duration::zero());
  EXPECT_EQ(report.generation, 3U);
  EXPECT_EQ(report.added, next->changes.removed);
  EXPECT_EQ(report.removed, next->changes.added);
  EXPECT_EQ(*back->written, small_vpc(shut));
  EXPECT_EQ(active_slots(*a.reloader.current()), active_slots(*before->compiled));
  for (CounterSlot slot = 0; slot < before->context->slots.size(); ++slot)
    EXPECT_EQ(a.reloader.slots().owner_name(slot), before->context->slots.owner_name(slot));
  // Again what was tried: its rules have the counters that they had.
  (void)a.reloader.apply(small_vpc(with_80), {}, Duration::zero());
  EXPECT_EQ(active_slots(*a.reloader.current()), slots);
}

TEST(PreparedPolicy, IsCopiedOnlyWhereItsProspectDidNotComeTrue) {
  Assembly a(1);
  a.use(shut);
  const std::vector<DeviceBinding> devices{{7, "web"}};
  const auto next = prepare(small_vpc(with_80), a.reloader.in_force(), {2, devices});
  const auto back = way_back(*a.reloader.in_force(), *next, {3, {}});
  (void)a.reloader.bring_into_force(next, devices, Duration::zero());
  EXPECT_EQ(a.reloader.current(), next->compiled);
  (void)a.reloader.rebind({{8, "web"}}, Duration::zero());
  EXPECT_NE(a.reloader.current(), next->compiled);
  EXPECT_EQ(a.reloader.current()->interface_on(7), no_interface);
  EXPECT_NE(a.reloader.current()->interface_on(8), no_interface);
  (void)a.reloader.bring_into_force(back, {}, Duration::zero());
  EXPECT_NE(a.reloader.current(), back->compiled) << "it is generation 4 now";
  EXPECT_EQ(a.reloader.current()->generation, 4U);
}

TEST(PreparedPolicy, OtherDevicesCompileNothing) {
  Assembly a(1);
  a.use(with_80);
  const auto before = a.reloader.current();
  EXPECT_EQ(a.reloader.rebind({{7, "web"}}, Duration::zero()).generation, 2U);
  const auto after = a.reloader.current();
  EXPECT_EQ(after->interface_on(7), after->interface_named("web"));
  EXPECT_EQ(after->interfaces[0].groups, before->interfaces[0].groups) << "the same rules";
  EXPECT_TRUE(after->interfaces[after->interface_on(7)].has_device);
  (void)a.reloader.rebind({}, Duration::zero());
  EXPECT_EQ(a.reloader.current()->interface_on(7), no_interface);
  EXPECT_FALSE(a.reloader.current()->interfaces[0].has_device);
}

}  // namespace
}  // namespace vpcwall
