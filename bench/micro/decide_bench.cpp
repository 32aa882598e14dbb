// One decision: whose gates, and what each says. Two gates here: the ACL, then the groups or the flow.
#include <benchmark/benchmark.h>

#include "engine/evaluate.h"
#include "policy/compile.h"
#include "sample_policy.h"

namespace vpcwall::bench {
namespace {

constexpr std::size_t different_packets = 4096;

class Decider {
 public:
  explicit Decider(const Size& size) : policy_(compile(sample_policy(size), context_, 1)) {}

  Decision decide(const Packet& packet) const {
    return evaluate(*policy_, {flows_, allowance_}, {packet, find_journey(*policy_, packet, {}), now_});
  }
  void open(const Packet& packet) {
    const Decision decision = decide(packet);
    flows_.open(decision.effects.front().key, {}, now_);
  }

 private:
  CompileContext context_;
  FlowAllowance allowance_;
  FlowTable flows_{2 * different_packets, {1, 2, 3, 4}};
  std::shared_ptr<const CompiledPolicy> policy_;
  TimePoint now_{std::chrono::hours(1)};
};

void run(benchmark::State& state, const Decider& decider, const std::vector<Packet>& packets,
         Verdict expected) {
  std::size_t next = 0;
  for (auto _ : state) {
    const Decision decision = decider.decide(packets[next++ % packets.size()]);
    if (decision.verdict != expected) state.SkipWithError("another verdict than this benchmark is about");
    benchmark::DoNotOptimize(decision);
  }
}

Size size_of(const benchmark::State& state) {
  return {static_cast<std::size_t>(state.range(0)), 5, static_cast<std::size_t>(state.range(1)) / 5, 0};
}

void new_connection(benchmark::State& state) {
  run(state, Decider(size_of(state)), new_connections(different_packets), Verdict::accept);
}

void refused_connection(benchmark::State& state) {
  run(state, Decider(size_of(state)), new_connections(different_packets, 9), Verdict::drop);
}

void established(benchmark::State& state) {
  Decider decider(size_of(state));
  std::vector<Packet> packets = new_connections(different_packets);
  for (Packet& packet : packets) {
    decider.open(packet);
    packet.tcp_flags = {};
    packet.tcp_flags.ack = true;
  }
  run(state, decider, packets, Verdict::accept);
}

void from_prefix_list(benchmark::State& state) {
  const Size size{40, 5, 60, static_cast<std::size_t>(state.range(0))};
  run(state, Decider(size), connections_from_list(size, different_packets), Verdict::accept);
}

// {entries of the ACL, rules of all groups}
void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"entries", "rules"});
  for (const auto& [entries, rules] :
       {std::pair{10, 10}, {40, 40}, {40, 300}, {40, 1000}, {1000, 1000}, {32766, 300}})
    bench->Args({entries, rules});
}

BENCHMARK(new_connection)->Apply(sizes);
BENCHMARK(refused_connection)->Apply(sizes);
BENCHMARK(established)->Apply(sizes);
BENCHMARK(from_prefix_list)->ArgName("cidrs")->Arg(1)->Arg(100)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace vpcwall::bench
