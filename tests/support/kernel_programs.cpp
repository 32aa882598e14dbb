#include "support/kernel_programs.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "support/packet_bytes.h"

namespace vpcwall::test {
namespace {

constexpr std::size_t devices = 24;  // more than a policy of a run has interfaces
constexpr std::size_t ethernet_header = 14;

}  // namespace

std::vector<std::byte> wire_bytes(const Packet& packet) {
  const Bytes transport =
      packet.protocol == Protocol::tcp
          ? tcp({.source_port = packet.source_port,
                 .destination_port = packet.destination_port,
                 .flags = packet.tcp_flags.to_byte()})
          : udp({.source_port = packet.source_port, .destination_port = packet.destination_port});
  const std::string source = to_string(packet.source), destination = to_string(packet.destination);
  const std::size_t ip_header = packet.family() == Family::ipv4 ? 20 : 40;
  Bytes payload = transport;
  if (packet.length > ip_header + payload.size()) payload.zeros(packet.length - ip_header - payload.size());
  return packet.family() == Family::ipv4 ? ipv4({.source = source,
                                                 .destination = destination,
                                                 .protocol = static_cast<unsigned>(packet.protocol),
                                                 .ttl = packet.hop_limit},
                                                payload)
                                         : ipv6({.source = source,
                                                 .destination = destination,
                                                 .next = static_cast<unsigned>(packet.protocol),
                                                 .hop_limit = packet.hop_limit},
                                                payload);
}

KernelPrograms::KernelPrograms() {
  const Inside inside(place_);
  for (std::size_t i = 0; i < devices / 2; ++i)
    run_in(place_, {"ip", "link", "add", "a" + std::to_string(i), "type", "veth", "peer", "name",
                    "b" + std::to_string(i)});
  // Few places: records are thrown out all the time.
  fast_path_ = std::make_unique<KernelFastPath>(
      FastPathSizes{.flows = 32, .refusals = 32, .presence_cells = 256}, devices - 2);
  memory_ = fast_path_->shared().memory();
}

bool KernelPrograms::meets(const Passage& passage) const {
  return passage.in_device <= devices && passage.out_class <= devices - 2;
}

bool KernelPrograms::passes(const Packet& packet, const Passage& passage) {
  return ask(fast_path_->pass_program(passage.out_class), packet, passage);
}
bool KernelPrograms::refuses(const Packet& packet, const Passage& passage) {
  return ask(fast_path_->refuse_program(passage.out_class), packet, passage);
}

bool KernelPrograms::ask(int program, const Packet& packet, const Passage& passage) const {
  const Inside inside(place_);
  std::vector<std::byte> frame(ethernet_header);
  const bool ipv4 = packet.family() == Family::ipv4;
  frame[12] = ipv4 ? std::byte{0x08} : std::byte{0x86};
  frame[13] = ipv4 ? std::byte{0x00} : std::byte{0xdd};
  const std::vector<std::byte> bytes = wire_bytes(packet);
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  __sk_buff context{};
  context.ifindex = passage.in_device;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<std::uint32_t>(frame.size()), .ctx_in = &context,
              .ctx_size_in = sizeof context, .repeat = 1);
  if (const int error = bpf_prog_test_run_opts(program, &options); error != 0)
    throw std::system_error(-error, std::generic_category(), "BPF_PROG_TEST_RUN");
  return options.retval != 0;
}

}  // namespace vpcwall::test
