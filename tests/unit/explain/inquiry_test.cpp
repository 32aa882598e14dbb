#include "explain/inquiry.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;
using test::small_vpc;

Ask ask(const char* source, const char* destination, std::uint16_t port = 443) {
  Ask ask;
  ask.source = source;
  ask.destination = destination;
  ask.destination_port = port;
  return ask;
}

TEST(Clients, HaveTheirRanges) {  // N-35 to N-39
  EXPECT_EQ(parse_client("linux")->ports, (PortRange{32768, 60999}));
  EXPECT_EQ(parse_client("windows")->ports, (PortRange{49152, 65535}));
  EXPECT_EQ(parse_client("nat")->ports, (PortRange{1024, 65535}));
  EXPECT_EQ(parse_client("elb")->ports, (PortRange{1024, 65535}));
  EXPECT_EQ(parse_client("custom:1025-5000")->ports, (PortRange{1025, 5000}));
  EXPECT_EQ(parse_client("custom:7")->ports, (PortRange{7, 7}));
  for (const char* wrong :
       {"", "Linux", "custom:", "custom:5000-1025", "custom:1-65536", "custom:-5", "custom:1-2-3",
        "custom:all", "custom:01025-5000", "custom:1025-05000", "custom:007"})
    EXPECT_FALSE(parse_client(wrong)) << wrong;
}

TEST(Clients, AreFoundByTheirPort) {
  EXPECT_EQ(client_of(40000).client, "linux");
  EXPECT_EQ(client_of(2000).client, "nat");
  EXPECT_EQ(client_of(53).ports, (PortRange{53, 53}));
}

TEST(Inquiry, ResolvesNamesInTheFamilyOfTheOtherEnd) {
  const Policy policy = small_vpc("");
  const auto six = resolve(ask("2001:db8:ffff::1", "web"), policy);
  ASSERT_TRUE(six) << six.error();
  EXPECT_EQ(six->request.destination, ip("2001:db8:1:101::10"));
  EXPECT_EQ(resolve(ask("web", "2001:db8:ffff::1"), policy)->request.source, ip("2001:db8:1:101::10"));
  EXPECT_EQ(resolve(ask("web", "db"), policy)->request.source, ip("10.0.1.10"));
  EXPECT_EQ(resolve(ask("2001:db8:ffff::1", "app"), policy).error(),
            "found \"app\" for the destination, which has no IPv6 address as the other end has");
  EXPECT_EQ(
      resolve(ask("203.0.113.1", "wbe"), policy).error(),
      "found \"wbe\" for the destination, expected an IP address or an interface of the policy; did you mean "
      "\"web\"?");
  Ask ping = ask("app", "db");
  ping.protocol = "icmp";
  EXPECT_EQ(resolve(ping, policy)->request.icmp_type, 8);
}

TEST(Inquiry, LooksAtAllPortsUnlessOneIsNamed) {
  const Policy policy = small_vpc("");
  const auto any = resolve(ask("203.0.113.1", "web"), policy);
  EXPECT_EQ(any->source_ports, (PortRange{32768, 60999}));
  EXPECT_FALSE(any->exact_port);
  Ask exact = ask("203.0.113.1", "web");
  exact.source_port = 2000;
  EXPECT_EQ(resolve(exact, policy)->source_ports, (PortRange{2000, 2000}));
  EXPECT_EQ(resolve(exact, policy)->client.ports, (PortRange{1024, 65535})) << "what a fix opens for replies";
  exact.client = "windows";
  EXPECT_NE(resolve(exact, policy).error().find("outside of 49152-65535"), std::string::npos);
}

TEST(Asks, AreTheSameReadBack) {
  Ask full = ask("203.0.113.1", "web");
  full.protocol = "icmp";
  full.source_port = 1;
  full.type = 3;
  full.code = 4;
  full.client = "nat";
  full.leaves = "app";
  full.enters = "db";
  full.expect_blocked = true;
  const auto back = read_ask(to_json(full));
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(to_json(*back), to_json(full));
  EXPECT_EQ(to_json(*read_ask(to_json(ask("a", "b")))), to_json(ask("a", "b")));
}

TEST(Asks, AreRefusedWithWhatIsWrong) {
  EXPECT_EQ(read_ask(7).error(), "what is asked is not an object");
  EXPECT_EQ(read_ask({{"source", 7}}).error(),
            "found 7 for \"source\", expected a word of at most 300 bytes");
  EXPECT_EQ(read_ask({{"source", std::string(301, 'a')}}).error().substr(0, 8), "found \"a");
  EXPECT_EQ(read_ask({{"source_port", 65536}}).error(),
            "found 65536 for \"source_port\", expected a number from 0 to 65535");
  EXPECT_EQ(read_ask({{"type", -1}}).error(), "found -1 for \"type\", expected a number from 0 to 255");
  EXPECT_EQ(read_ask({{"expect", "rain"}}).error(),
            "found \"rain\" for \"expect\", expected pass or blocked");
}

}  // namespace
}  // namespace vpcwall
