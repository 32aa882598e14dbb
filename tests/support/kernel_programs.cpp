#include "support/kernel_programs.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "support/packet_bytes.h"

namespace vpcwall::test {
namespace {

constexpr std::size_t devices = 24;  // more than a policy of a run has interfaces
constexpr std::size_t ethernet_header = 14;
// Few places: records are thrown out all the time.
constexpr FastPathSizes few_places{.flows = 32, .refusals = 32, .presence_cells = 256};
constexpr std::uint64_t unheeded = 7;                 // every so many answers
constexpr const char* address = "02:00:00:00:00:01";  // of each device

void add_devices(const NetworkNamespace& place) {
  for (std::size_t i = 0; i < devices / 2; ++i)
    run_in(place, {"ip", "link", "add", "a" + std::to_string(i), "address", address, "type", "veth", "peer",
                   "name", "b" + std::to_string(i), "address", address});
}

// `device` 1 is the loopback device, whose address is 0.
std::vector<std::byte> frame_of(const std::vector<std::byte>& bytes, bool ipv4, std::uint32_t device,
                                bool for_us) {
  std::vector<std::byte> frame(ethernet_header + bytes.size());
  frame[0] = static_cast<std::byte>(device == 1 ? 0 : 2);
  frame[5] = static_cast<std::byte>(!for_us ? 9 : device == 1 ? 0 : 1);
  frame[12] = ipv4 ? std::byte{0x08} : std::byte{0x86};
  frame[13] = ipv4 ? std::byte{0x00} : std::byte{0xdd};
  std::copy(bytes.begin(), bytes.end(), frame.begin() + ethernet_header);
  return frame;
}

// What the program returned; `context` goes in and out.
std::uint32_t test_run(int program, const std::vector<std::byte>& frame, __sk_buff& context) {
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<std::uint32_t>(frame.size()), .ctx_in = &context,
              .ctx_out = &context, .ctx_size_in = sizeof context, .ctx_size_out = sizeof context,
              .repeat = 1);
  if (const int error = bpf_prog_test_run_opts(program, &options); error != 0)
    throw std::system_error(-error, std::generic_category(), "BPF_PROG_TEST_RUN");
  return options.retval;
}

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
  add_devices(place_);
  fast_path_ = std::make_unique<KernelFastPath>(few_places, devices - 2);
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
  __sk_buff context{};
  context.ifindex = passage.in_device;
  return test_run(program,
                  frame_of(wire_bytes(packet), packet.family() == Family::ipv4, passage.in_device, true),
                  context) != 0;
}

MarkingPrograms::MarkingPrograms() {
  const Inside inside(place_);
  add_devices(place_);
  fast_path_ =
      std::make_unique<KernelFastPath>(few_places, devices - 2, FastPathPrograms::for_devices, first_bit);
  memory_ = fast_path_->shared().memory();
}

bool MarkingPrograms::meets(const Passage& passage) const {
  return passage.in_device <= devices && passage.out_class <= devices - 2;
}

std::uint32_t MarkingPrograms::marked(const std::vector<std::byte>& bytes, bool ipv4, std::uint32_t in_device,
                                      std::uint32_t mark, bool for_us) const {
  const Inside inside(place_);
  __sk_buff context{};
  context.ifindex = in_device;
  context.mark = mark;
  const std::uint32_t verdict =
      test_run(fast_path_->ingress_program().ethernet, frame_of(bytes, ipv4, in_device, for_us), context);
  if (verdict != static_cast<std::uint32_t>(TC_ACT_UNSPEC))
    throw std::runtime_error("the program ended the packet's way: " + std::to_string(verdict));
  return context.mark;
}

// As the rules go by the mark, save that they are being replaced from time to time.
bool MarkingPrograms::passes(const Packet& packet, const Passage& passage) {
  std::vector<std::byte> bytes = wire_bytes(packet);
  const bool ipv4 = packet.family() == Family::ipv4;
  if (ipv4) fill_in_checksum(bytes);
  constexpr std::uint32_t ours = 0xffU << first_bit;
  // Other bits than ours stay, and ours are set anew.
  const auto before = static_cast<std::uint32_t>(++asked_ * 0x9e3779b1U);
  const std::uint32_t after = marked(bytes, ipv4, passage.in_device, before);
  if ((after & ~ours) != (before & ~ours)) throw std::runtime_error("a foreign bit of the mark was changed");
  answer_ = static_cast<std::uint8_t>((after & ours) >> first_bit);
  heeded_ = answer_ != 0 && asked_ % unheeded != 0 &&
            (answer_ == fast_path::passes_to + passage.out_class ||
             answer_ == fast_path::refused_to + passage.out_class);
  return heeded_ && answer_ < fast_path::refused_to;
}
bool MarkingPrograms::refuses(const Packet& /*packet*/, const Passage& /*passage*/) {
  return heeded_ && answer_ >= fast_path::refused_to;
}

}  // namespace vpcwall::test
