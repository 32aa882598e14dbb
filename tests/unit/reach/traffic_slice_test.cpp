#include "reach/traffic_slice.h"

#include <gtest/gtest.h>

#include <array>

#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;
using test::small_vpc;

struct Cut {
  Policy policy;
  CompileContext context;
  std::shared_ptr<const CompiledPolicy> compiled;
  TrafficSpace space;

  explicit Cut(const char* groups, Family family = Family::ipv4)
      : policy(small_vpc(groups)), compiled(compile(policy, context, 1)) {
    const std::array forms{PolicyForms{policy, *compiled}};
    space = traffic_space(family, forms);
  }
  // Into the interface web.
  [[nodiscard]] SliceCuts cuts(PortRange clients = {32768, 60999},
                               const IpAddress& peer = ip("203.0.113.12")) const {
    SliceCuts cuts(space, clients);
    cuts.add(*compiled, no_interface, compiled->interface_named("web"), peer, ip("10.0.1.10"));
    return cuts;
  }
  [[nodiscard]] std::string slices(std::optional<Protocol> only) const {
    std::string text;
    for (const TrafficSlice& slice : cuts().slices(only))
      text += (text.empty() ? "" : ", ") + describe(slice, space.family);
    return text;
  }
};

constexpr const char* https =
    "  - {name: web, ingress: [{protocol: tcp, ports: 80-443, source: 0.0.0.0/0}], egress: []}";

TEST(SliceCuts, CutPortsWhereRulesDo) {
  EXPECT_EQ(Cut(https).slices(Protocol::tcp), "tcp 0-79, tcp 80-443, tcp 444-65535");
  EXPECT_EQ(Cut(https).slices(Protocol::udp), "udp all");
  EXPECT_EQ(Cut("  - {name: web, ingress: [{protocol: tcp, ports: 0-65535, source: 0.0.0.0/0}]}")
                .slices(Protocol::tcp),
            "tcp all");
}

TEST(SliceCuts, RulesForOtherPeersTellNothingApart) {
  const Cut cut("  - {name: web, ingress: [{protocol: tcp, ports: 80, source: 203.0.113.0/24}]}");
  EXPECT_EQ(cut.cuts().slices(Protocol::tcp).size(), 3U);
  EXPECT_EQ(cut.cuts({32768, 60999}, ip("198.51.100.1")).slices(Protocol::tcp).size(), 1U);
}

TEST(SliceCuts, CutIcmpIntoTypesAndCodes) {
  const Cut cut("  - {name: web, ingress: [{protocol: icmp, type: 3, code: 4, source: 0.0.0.0/0}]}");
  const std::string slices = cut.slices(Protocol::icmp);
  EXPECT_NE(slices.find("icmp type 3 code 0-3, icmp type 3 code 4, icmp type 3 code 5-255"),
            std::string::npos)
      << slices;
  EXPECT_NE(slices.find("icmp type 8, "), std::string::npos) << "a query is answered (C-48): " << slices;
  EXPECT_EQ(cut.slices(Protocol::icmpv6), "") << "of the other family";
}

TEST(SliceCuts, KeepNamedProtocolsApart) {
  const Cut cut("  - {name: web, ingress: [{protocol: 47, source: 0.0.0.0/0}]}");
  EXPECT_EQ(cut.slices(Protocol::gre), "protocol 47");
  EXPECT_EQ(cut.slices(Protocol::esp), "protocol 50") << "alike with others, but asked for by itself";
  const std::string all = cut.slices(std::nullopt);
  EXPECT_EQ(all.substr(all.size() - 28), "protocol 47, other protocols");
}

TEST(SliceCuts, CutClientPortsWhereAReplyMayBeJudgedOtherwise) {
  const Cut cut("  - {name: web, egress: [{protocol: tcp, ports: 40000-50000, destination: 0.0.0.0/0}]}");
  SliceCuts cuts = cut.cuts();
  EXPECT_EQ(describe(cuts.clients(Protocol::tcp)), "32768-39999, 40000-50000, 50001-60999");
  EXPECT_EQ(describe(cuts.clients(Protocol::udp)), "32768-60999");
}

TEST(SliceCuts, KnowDhcpWhereClientsMayUseItsPorts) {  // E-19
  const Cut cut(https);
  SliceCuts ordinary = cut.cuts(), low = cut.cuts({0, 1023});
  EXPECT_EQ(ordinary.slices(Protocol::udp).size(), 1U);
  EXPECT_EQ(low.slices(Protocol::udp).size(), 4U);
  EXPECT_EQ(describe(low.clients(Protocol::udp)), "0-66, 67, 68, 69-1023");
}

TEST(TrafficSlice, ExtendsWhatCanBeSaidInOne) {
  TrafficSlice ports{Protocol::tcp, 80, 80, false};
  EXPECT_TRUE(extend(ports, {Protocol::tcp, 81, 443, false}, Family::ipv4));
  EXPECT_EQ(describe(ports, Family::ipv4), "tcp 80-443");
  EXPECT_FALSE(extend(ports, {Protocol::tcp, 500, 501, false}, Family::ipv4)) << "a gap";
  EXPECT_FALSE(extend(ports, {Protocol::udp, 444, 445, false}, Family::ipv4));
  TrafficSlice codes{Protocol::icmp, 0x300, 0x303, false};
  EXPECT_FALSE(extend(codes, {Protocol::icmp, 0x304, 0x4ff, false}, Family::ipv4)) << "more than one type";
  EXPECT_TRUE(extend(codes, {Protocol::icmp, 0x304, 0x3ff, false}, Family::ipv4));
  EXPECT_TRUE(extend(codes, {Protocol::icmp, 0x400, 0x4ff, false}, Family::ipv4)) << "whole types";
  EXPECT_EQ(describe(codes, Family::ipv4), "icmp type 3-4");
}

TEST(TrafficSlice, ManyAreSaidByProtocol) {
  const Cut cut("");
  const auto text = [&cut](std::vector<TrafficSlice> slices) {
    return describe(ordered_slices(std::move(slices), Family::ipv4), cut.space);
  };
  EXPECT_EQ(
      text(
          {{Protocol::udp, 53, 53, false}, {Protocol::tcp, 443, 443, false}, {Protocol::tcp, 22, 22, false}}),
      "tcp 22, 443; udp 53");
  EXPECT_EQ(text({{Protocol::icmp, 0x300, 0x3ff, false}, {Protocol::icmp, 0x800, 0x800, false}}),
            "icmp type 3; icmp type 8 code 0");
  EXPECT_EQ(text({{Protocol::tcp, 0, 65535, false}, {Protocol{253}, 0, 0, true}}),
            "tcp all; other protocols");
  EXPECT_EQ(text({{Protocol::udp, 0, 65535, false},
                  {Protocol::tcp, 0, 99, false},
                  {Protocol::tcp, 100, 65535, false},
                  {Protocol::icmp, 0, 65535, false},
                  {Protocol{253}, 0, 0, true}}),
            "all");
}

TEST(TrafficSlice, IcmpOfTheOtherFamilyIsAProtocolLikeAnyOther) {  // S-66
  EXPECT_TRUE(is_own_icmp(Family::ipv4, Protocol::icmp));
  EXPECT_FALSE(is_own_icmp(Family::ipv6, Protocol::icmp));
  const Packet packet =
      witness_packet({Protocol::icmp, 0, 0, false}, ip("2001:db8::1"), ip("2001:db8::2"), {});
  EXPECT_EQ(packet.transport, Transport::none);
}

TEST(WitnessPacket, IsOfTheSlice) {
  const IpAddress source = ip("203.0.113.12"), destination = ip("10.0.1.10");
  const Packet tcp = witness_packet({Protocol::tcp, 100, 500, false}, source, destination, {32768, 60999});
  EXPECT_EQ(tcp.destination_port, 443) << "what people know";
  EXPECT_EQ(tcp.source_port, 40000);
  EXPECT_TRUE(tcp.tcp_flags.opens());
  const Packet udp = witness_packet({Protocol::udp, 5000, 6000, false}, source, destination, {50000, 50010});
  EXPECT_EQ(udp.destination_port, 5000);
  EXPECT_EQ(udp.source_port, 50000);
  EXPECT_EQ(udp.tcp_flags, TcpFlags{});
  const Packet echo = witness_packet({Protocol::icmp, 0x800, 0x8ff, false}, source, destination, {});
  EXPECT_EQ(echo.icmp_type, 8);
  EXPECT_EQ(echo.icmp_code, 0);
  const Packet error = witness_packet({Protocol::icmp, 0x304, 0x304, false}, source, destination, {});
  EXPECT_EQ(error.icmp_type, 3);
  EXPECT_EQ(error.icmp_code, 4);
}

}  // namespace
}  // namespace vpcwall
