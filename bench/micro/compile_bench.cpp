// What a reload costs: reading the text of a policy, and making it ready to match.
#include <benchmark/benchmark.h>

#include "policy/compile.h"
#include "policy/policy_yaml.h"
#include "sample_policy.h"

namespace vpcwall::bench {
namespace {

constexpr std::size_t groups = 16;

Policy policy_of_rules(benchmark::State& state) {
  return sample_policy({40, groups, static_cast<std::size_t>(state.range(0)) / groups, 0});
}

void compile_policy(benchmark::State& state) {
  const Policy policy = policy_of_rules(state);
  CompileContext context;
  for (auto _ : state) benchmark::DoNotOptimize(compile(policy, context, 1));
}

// Text that load_policy() may refuse for a quota has been read and checked all the same.
void read_policy(benchmark::State& state) {
  const std::string text = emit_policy(policy_of_rules(state));
  for (auto _ : state) benchmark::DoNotOptimize(load_policy(text, "policy.yaml"));
}

void compile_prefix_list(benchmark::State& state) {
  const Policy policy = sample_policy({40, 5, 60, static_cast<std::size_t>(state.range(0))});
  CompileContext context;
  for (auto _ : state) benchmark::DoNotOptimize(compile(policy, context, 1));
}

BENCHMARK(compile_policy)->ArgName("rules")->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(read_policy)->ArgName("rules")->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(compile_prefix_list)->ArgName("cidrs")->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vpcwall::bench
