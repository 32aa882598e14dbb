// The flow table at 10^3 to 10^6 flows.
#include <benchmark/benchmark.h>

#include <random>

#include "flow/flow_table.h"

namespace vpcwall::bench {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr FlowHash::Seed seed{1, 2, 3, 4};
constexpr TimePoint start{hours(1)};

FlowKey key_of(std::uint64_t number) {
  FlowKey key;
  key.local_high = std::uint64_t{0x0a00010a} << 32U;
  key.remote_high = (std::uint64_t{0xcb007100} + (number >> 15U)) << 32U;
  key.remote_port = static_cast<std::uint16_t>(1024 + (number & 0x7fffU));
  key.local_port = 443;
  key.protocol = Protocol::tcp;
  return key;
}

FlowOpening syn() {
  FlowOpening opening;
  opening.tcp_flags.syn = true;
  return opening;
}

FlowTable full_table(std::size_t flows) {
  FlowTable table(flows, seed);
  for (std::size_t i = 0; i < flows; ++i) table.open(key_of(i), syn(), start);
  return table;
}

std::vector<FlowKey> random_keys(std::size_t flows) {
  std::mt19937_64 random(1);
  std::vector<FlowKey> keys(1U << 16U);
  for (FlowKey& key : keys) key = key_of(random() % flows);
  return keys;
}

void insert(benchmark::State& state) {
  const auto flows = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    FlowTable table(flows, seed);
    state.ResumeTiming();
    for (std::size_t i = 0; i < flows; ++i) table.open(key_of(i), syn(), start);
    benchmark::DoNotOptimize(table.size());
    state.PauseTiming();
    state.counters["bytes_per_flow"] = static_cast<double>(table.memory_bytes()) / static_cast<double>(flows);
    { const FlowTable gone(std::move(table)); }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void find(benchmark::State& state) {
  const FlowTable table = full_table(static_cast<std::size_t>(state.range(0)));
  const std::vector<FlowKey> keys = random_keys(static_cast<std::size_t>(state.range(0)));
  std::size_t next = 0;
  for (auto _ : state) {
    const Flow* flow = table.find(keys[next++ % keys.size()], start);
    if (flow == nullptr) state.SkipWithError("a flow is missing");
    benchmark::DoNotOptimize(flow);
  }
  state.SetItemsProcessed(state.iterations());
}

void touch(benchmark::State& state) {
  FlowTable table = full_table(static_cast<std::size_t>(state.range(0)));
  const std::vector<FlowKey> keys = random_keys(static_cast<std::size_t>(state.range(0)));
  FlowPacket packet;
  packet.tcp_flags.ack = true;
  packet.direction = FlowDirection::reply;
  std::size_t next = 0;
  for (auto _ : state) table.touch(keys[next++ % keys.size()], packet, start + seconds(1));
  state.SetItemsProcessed(state.iterations());
}

void expire(benchmark::State& state) {
  const auto flows = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    FlowTable table = full_table(flows);
    state.ResumeTiming();
    std::size_t gone = table.expire(start + hours(200), flows, [](const Flow&) {});
    benchmark::DoNotOptimize(gone);
    state.PauseTiming();
    { const FlowTable last(std::move(table)); }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(insert)->ArgName("flows")->RangeMultiplier(10)->Range(1000, 1'000'000);
BENCHMARK(find)->ArgName("flows")->RangeMultiplier(10)->Range(1000, 1'000'000);
BENCHMARK(touch)->ArgName("flows")->RangeMultiplier(10)->Range(1000, 1'000'000);
BENCHMARK(expire)->ArgName("flows")->RangeMultiplier(10)->Range(1000, 1'000'000);

}  // namespace
}  // namespace vpcwall::bench
