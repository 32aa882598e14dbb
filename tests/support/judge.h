// A shard under a policy, asked packet by packet: which gates did it meet, and what did each say?
//
// The answers are in the notation of the conformance cases, without the names: "NI+100 SI+new", "SO+st NO-*",
// "SD-", "EX"; nothing for a packet that no guarded interface takes part in. Several answers make a story:
// flows that one packet opens are there for the next.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/shard.h"
#include "policy/compile.h"

namespace vpcwall::test {

class Judge {
 public:
  explicit Judge(const Policy& policy, const std::vector<DeviceBinding>& devices = {});

  // What a reload does.
  void use(const Policy& policy, const std::vector<DeviceBinding>& devices = {});
  void wait(std::chrono::seconds time) { now_ += time; }

  std::string operator()(const Packet& packet, Devices devices = {});
  std::string operator()(std::string_view packet, Devices devices = {});  // as packet_of() reads it

 private:
  [[nodiscard]] std::string token(const GateOutcome& gate) const;

  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{64, {1, 2, 3, 4}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace vpcwall::test
