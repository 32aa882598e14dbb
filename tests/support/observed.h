// Decisions for tests of those who observe them: a policy, a shard that judges under it, and the words of
// what was decided.
#pragma once

#include <string>
#include <string_view>

#include "engine/shard.h"
#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall::test {

// web lets ssh in from 203.0.113.0/24 and nothing out, app lets db in; the ACL `private` of db's subnet
// denies port 23 with entry 90 and lets the rest pass with entry 100.
class ObservedVpc {
 public:
  ObservedVpc() { use(plain()); }

  [[nodiscard]] static Policy plain();
  // The same, but web lets port 80 in as well, and the entries of `private` are 80 and 110.
  [[nodiscard]] static Policy changed();

  // What a reload does.
  void use(const Policy& policy);
  [[nodiscard]] Decision judge(const Packet& packet);
  [[nodiscard]] Decision judge(std::string_view packet) { return judge(packet_of(packet)); }

  [[nodiscard]] const std::shared_ptr<const CompiledPolicy>& policy() const noexcept { return policy_; }
  [[nodiscard]] const CounterSlots& slots() const noexcept { return context_.slots; }
  [[nodiscard]] TimePoint now() const noexcept { return now_; }

 private:
  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{4096, {1, 2, 3, 4}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace vpcwall::test
