#include "runtime/reloader.h"

#include <gtest/gtest.h>

#include "support/worker_assembly.h"

namespace vpcwall {
namespace {

using test::Assembly;

// As many interfaces, with ids of their own, in the first subnet of the policy.
Policy with_interfaces(const std::string& prefix, std::size_t count) {
  Policy policy = test::small_vpc("  - {name: web}");
  const Interface model = policy.interfaces.front();
  policy.interfaces.clear();
  for (std::size_t i = 0; i < count; ++i) {
    Interface& interface = policy.interfaces.emplace_back(model);
    interface.id = "eni-" + prefix + std::to_string(i);
    interface.name = interface.id;
    interface.addresses.clear();
  }
  return policy;
}

// Numbers of interfaces last as long as the process. What no longer fits is refused, and costs nothing.
TEST(Reloader, RefusesWhatItHasNoRoomForAndGoesOn) {
  Assembly a(1);
  const Policy many = with_interfaces("a", 40'000);
  (void)a.reloader.apply(many, {}, Duration::zero());
  EXPECT_THROW((void)a.reloader.apply(with_interfaces("b", 40'000), {}, Duration::zero()),
               std::runtime_error);
  EXPECT_EQ(a.reloader.current()->generation, 1U);
  EXPECT_EQ(a.reloader.apply(many, {}, Duration::zero()).generation, 2U) << "as if nobody had asked";
}

}  // namespace
}  // namespace vpcwall
