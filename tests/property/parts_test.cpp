// Whether groups are one index or are asked in turn changes no decision and no explanation: on runs made at
// random, compiled both ways.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/decision_json.h"
#include "engine/shard.h"
#include "property/generator.h"
#include "property/run.h"

namespace vpcwall::property {
namespace {

constexpr TimePoint start{std::chrono::hours(1)};

// A shard and the policy that it judges by.
class Judging {
 public:
  explicit Judging(std::size_t most_multiplied) { context_.most_multiplied = most_multiplied; }

  void use(const Policy& policy, Duration at) {
    policy_ = compile(policy, context_, ++generation_);
    shard_.counters().reserve(context_.slots.size());
    shard_.adopt(policy_, start + at);
    shard_.sweep(start + at, shard_.flows().places());
  }
  std::string judge(const Packet& packet, Duration at) {
    const Question question{packet, find_journey(*policy_, packet, {}), start + at};
    Trace trace;
    std::string words = to_json(shard_.explain(*policy_, question, trace), *policy_, context_.slots).dump();
    for (const TraceStep& step : trace.steps) words += ' ' + std::to_string(step.considered);
    return words + to_json(shard_.judge(*policy_, question), *policy_, context_.slots).dump();
  }
  [[nodiscard]] std::size_t most_parts() const {
    std::size_t most = 0;
    for (const CompiledInterface& interface : policy_->interfaces)
      most = std::max(most, interface.groups.size());
    return most;
  }

 private:
  CompileContext context_;
  FlowAllowance allowance_;
  Shard shard_{4096, {1, 2, 3, 4}, allowance_};
  std::shared_ptr<const CompiledPolicy> policy_;
  std::uint64_t generation_ = 0;
};

TEST(Parts, ChangeNoDecision) {
  const char* text = std::getenv("VPCWALL_PROPERTY_STEPS");
  const std::uint64_t wanted =
      (text != nullptr ? std::strtoull(text, nullptr, 10) : VPCWALL_PROPERTY_STEPS) / 4;
  std::uint64_t packets = 0, in_parts = 0;
  for (std::uint64_t number = 0; packets < wanted; ++number) {
    std::mt19937_64 random(number);
    const Run run = run_of(random_run(random, static_cast<int>(number % 101)));
    Judging whole(CompiledGroups::most_multiplied), parted(0);
    whole.use(run.policy, {});
    parted.use(run.policy, {});
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      const Step& step = run.steps[i];
      if (const auto* reload = std::get_if<Reload>(&step.what)) {
        whole.use(reload->policy, step.at);
        parted.use(reload->policy, step.at);
        continue;
      }
      const Packet& packet = std::get<Send>(step.what).packet;
      ASSERT_EQ(whole.judge(packet, step.at), parted.judge(packet, step.at))
          << "run " << number << ", step " << i;
      ++packets;
      in_parts += parted.most_parts() > 1 ? 1U : 0U;
    }
  }
  EXPECT_GT(in_parts, packets / 4) << "hardly any interface has several groups";
}

}  // namespace
}  // namespace vpcwall::property
