#include "reach/witness.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;

TEST(ExplainCommand, HasThePortsOfTcpAndUdp) {
  EXPECT_EQ(
      explain_command(packet_of("udp 10.0.1.10:40000 > 8.8.8.8:53"), "p.yaml"),
      "vpcwall explain --policy p.yaml --protocol udp --source 10.0.1.10:40000 --destination 8.8.8.8:53");
}

TEST(ExplainCommand, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(
      explain_command(packet_of("tcp S [2001:db8::1]:40000 > [2001:db8::2]:443"), "it's.yaml"),
      "vpcwall explain --policy 'it'\\''s.yaml' --protocol tcp --source '[2001:db8::1]:40000' --destination "
      "'[2001:db8::2]:443'");
}

TEST(ExplainCommand, HasTypeAndCodeOfIcmp) {
  EXPECT_EQ(explain_command(packet_of("icmp 3/4 0 8.8.8.8 > 10.0.1.10"), "p.yaml"),
            "vpcwall explain --policy p.yaml --protocol icmp --source 8.8.8.8 --destination 10.0.1.10 --type "
            "3 --code 4");
  EXPECT_EQ(explain_command(packet_of("47 8.8.8.8 > 10.0.1.10"), "p.yaml"),
            "vpcwall explain --policy p.yaml --protocol 47 --source 8.8.8.8 --destination 10.0.1.10");
}

}  // namespace
}  // namespace vpcwall
