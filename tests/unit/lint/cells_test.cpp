#include "lint/cells.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vpcwall {
namespace {

CompiledTraffic traffic(std::optional<Protocol> protocol, PortRange ports = {}) {
  Traffic written;
  written.protocol = protocol;
  written.ports = ports;
  return compile_traffic(written);
}

std::vector<std::string> peers_of(const std::vector<Cell>& cells) {
  std::vector<std::string> texts;
  for (const Cell& cell : cells) {
    std::string text = to_string(cell.first) + " - " + to_string(cell.last);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

TEST(Cuts, DivideAPrefixAtTheRangesOfOthersToItsVeryEnds) {
  Cuts cuts;
  for (const char* other : {"10.0.0.0/24", "10.0.0.255/32", "255.255.255.255/32", "0.0.0.0/0", "::/1"})
    cuts.at(*parse_prefix(other));
  const CompiledTraffic ssh = traffic(Protocol::tcp, {22, 22});
  using Texts = std::vector<std::string>;
  EXPECT_EQ(peers_of(cuts.cells(ssh, *parse_prefix("10.0.0.0/8"))),
            (Texts{"10.0.0.0 - 10.0.0.254", "10.0.0.255 - 10.0.0.255", "10.0.1.0 - 10.255.255.255"}));
  EXPECT_EQ(peers_of(cuts.cells(ssh, *parse_prefix("0.0.0.0/0"))),
            (Texts{"0.0.0.0 - 9.255.255.255", "10.0.0.0 - 10.0.0.254", "10.0.0.255 - 10.0.0.255",
                   "10.0.1.0 - 255.255.255.254", "255.255.255.255 - 255.255.255.255"}));
  EXPECT_EQ(peers_of(cuts.cells(ssh, *parse_prefix("::/0"))),
            (Texts{":: - 7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                   "8000:: - ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}));
}

TEST(Cuts, DivideTrafficWithoutGapsAndWithoutOverlaps) {
  Cuts cuts;
  cuts.at(traffic(Protocol::tcp, {22, 80}));
  cuts.at(traffic(Protocol{50}));
  const auto cells = cuts.cells(traffic(std::nullopt), *parse_prefix("10.0.0.1/32"));
  TrafficKind next = 0;
  for (const Cell& cell : cells) {
    EXPECT_EQ(cell.kind, next);
    ASSERT_LE(cell.kind, cell.last_kind);
    next = cell.last_kind + 1;
  }
  EXPECT_EQ(next, 0x1000000U);
  const auto begins = [&](Protocol protocol, std::uint16_t port) {
    return std::any_of(cells.begin(), cells.end(),
                       [&](const Cell& cell) { return cell.kind == kind_of(protocol, port); });
  };
  EXPECT_TRUE(begins(Protocol::tcp, 0));
  EXPECT_TRUE(begins(Protocol::tcp, 22));
  EXPECT_TRUE(begins(Protocol::tcp, 81));
  EXPECT_TRUE(begins(Protocol::udp, 0));
}

TEST(Witness, IsOfItsKindInBothDirections) {
  const IpAddress own = *parse_address("10.0.0.1"), peer = *parse_address("10.9.0.1");
  Cuts cuts;
  for (const Cell& cell : cuts.cells(traffic(std::nullopt), host_prefix(peer)))
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
      const Packet packet = make_witness(cell.kind, own, peer, direction);
      EXPECT_EQ(kind_of(packet), cell.kind);
      EXPECT_EQ(direction == Direction::ingress ? packet.source : packet.destination, peer);
    }
}

TEST(Witness, HasTheReplyThatTheOtherEndWouldGive) {
  const IpAddress own = *parse_address("10.0.0.1"), peer = *parse_address("10.9.0.1");
  const Packet request = make_witness(kind_of(Protocol::tcp, 443), own, peer, Direction::ingress);
  EXPECT_TRUE(request.tcp_flags.opens());
  const Packet reply = make_reply(request);
  EXPECT_EQ(reply.source, own);
  EXPECT_EQ(reply.source_port, 443);
  EXPECT_EQ(reply.destination_port, witness_source_port);
  EXPECT_TRUE(reply.tcp_flags.syn && reply.tcp_flags.ack);
  Packet echo = request;
  echo.protocol = Protocol::icmpv6;
  echo.icmp_type = 128;
  EXPECT_EQ(make_reply(echo).icmp_type, 129);
}

}  // namespace
}  // namespace vpcwall
