// Bytes to a Packet.
#include <benchmark/benchmark.h>

#include "net/packet.h"
#include "support/packet_bytes.h"

namespace vpcwall::bench {
namespace {

using namespace test;

void parse(benchmark::State& state, const Bytes& bytes) {
  for (auto _ : state) {
    const auto packet = parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
    if (!packet) state.SkipWithError("not a packet");
    benchmark::DoNotOptimize(packet);
  }
}

BENCHMARK_CAPTURE(parse, tcp_over_ipv4, ipv4({}, tcp({})));
BENCHMARK_CAPTURE(parse, tcp_over_ipv6, ipv6({}, tcp({})));
BENCHMARK_CAPTURE(parse, udp_behind_options, ipv6({.next = 0}, options_header(17) + udp({})));
BENCHMARK_CAPTURE(parse, icmp_error, ipv4({.protocol = 1}, icmp(3, 4) + ipv4({}, tcp({}))));

}  // namespace
}  // namespace vpcwall::bench
