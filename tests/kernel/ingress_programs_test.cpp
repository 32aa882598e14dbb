// Programs at the devices: put there, replaced, taken away, beside what others have there. And marks on
// packets that really come by a device, up to rules that go by them.
#include "daemon/fast_path/ingress_programs.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include "daemon/fast_path/kernel_fast_path.h"
#include "daemon/hooks/nft_hooks.h"
#include "daemon/hooks/nft_session.h"
#include "support/hook_rules.h"
#include "support/kernel_programs.h"
#include "support/packet_bytes.h"
#include "support/traffic.h"

namespace vpcwall::test {
namespace {

constexpr FastPathSizes few_places{.flows = 32, .refusals = 32, .presence_cells = 256};

struct IngressPrograms : ::testing::Test {
  RoutedPair lab;

  [[nodiscard]] std::string qdiscs() const { return run_in(lab.router, {"tc", "qdisc", "show"}); }
  [[nodiscard]] std::string filters(const std::string& device, const std::string& side = "ingress") const {
    return run_in(lab.router, {"tc", "filter", "show", "dev", device, side});
  }
  [[nodiscard]] static std::vector<std::uint32_t> both() {
    return {::if_nametoindex("client_side"), ::if_nametoindex("server_side")};
  }
};

TEST_F(IngressPrograms, ForwardingDevicesAreThoseOfTheRouter) {
  {
    const Inside inside(lab.router);
    std::vector<std::uint32_t> found = forwarding_devices(), expected = both();
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(found, expected);
  }
  const Inside inside(lab.client);
  EXPECT_TRUE(forwarding_devices().empty());
}

TEST_F(IngressPrograms, AreAttachedReplacedAndLeaveNoTrace) {
  const std::string before = qdiscs();
  const Inside inside(lab.router);
  for (int i = 0; i < 2; ++i) {  // the second process takes over from the first one
    const KernelFastPath fast_path(few_places, 2, FastPathPrograms::for_devices);
    EXPECT_EQ(attach_at_ingress(both(), fast_path.ingress_program()), both());
    for (const char* device : {"client_side", "server_side"})
      EXPECT_EQ(occurrences(filters(device), "handle 0x76706301"), 1U) << filters(device);
  }
  detach_from_ingress_but({both().front()});
  EXPECT_EQ(occurrences(qdiscs(), "clsact"), 1U);
  detach_from_ingress_but({});
  EXPECT_EQ(qdiscs(), before);
  detach_from_ingress_but({});
  EXPECT_EQ(qdiscs(), before);
}

TEST_F(IngressPrograms, LeaveWhatOthersHaveAtTheDevice) {
  run_in(lab.router, {"tc", "qdisc", "add", "dev", "client_side", "clsact"});
  run_in(lab.router, {"tc", "filter", "add", "dev", "client_side", "ingress", "prio", "65535", "protocol",
                      "all", "matchall", "action", "continue"});
  const std::string qdiscs_before = qdiscs(), filters_before = filters("client_side");
  const Inside inside(lab.router);
  const KernelFastPath fast_path(few_places, 2, FastPathPrograms::for_devices);
  // Its last priority is taken by a filter of another kind: no place for ours, and nothing is changed.
  EXPECT_EQ(attach_at_ingress(both(), fast_path.ingress_program()), (std::vector{both().back()}));
  EXPECT_EQ(filters("client_side"), filters_before);
  run_in(lab.router, {"tc", "filter", "add", "dev", "server_side", "egress", "prio", "1", "protocol", "all",
                      "matchall", "action", "continue"});
  detach_from_ingress_but({});
  EXPECT_NE(filters("server_side", "egress").find("matchall"), std::string::npos);
  EXPECT_EQ(filters("server_side"), "");
  run_in(lab.router, {"tc", "qdisc", "delete", "dev", "server_side", "clsact"});
  EXPECT_EQ(qdiscs(), qdiscs_before);
}

TEST_F(IngressPrograms, SayWhyTheyAreNowhere) {
  const Inside inside(lab.router);
  const KernelFastPath fast_path(few_places, 2, FastPathPrograms::for_devices);
  EXPECT_THROW(attach_at_ingress({}, fast_path.ingress_program()), std::runtime_error);
  EXPECT_THROW(attach_at_ingress({::if_nametoindex("lo"), 4711}, fast_path.ingress_program()),
               std::runtime_error);
}

// No record says anything here, so that whatever bits of ours a packet comes with must be gone, and no
// others.
TEST_F(IngressPrograms, TakeAForgedAnswerOffAndLeaveOtherBits) {
  const MarkingPrograms programs;
  std::vector<std::byte> bytes = ipv4({}, tcp({.flags = 0x10}));
  fill_in_checksum(bytes);
  constexpr std::uint32_t ours = 0xffU << MarkingPrograms::first_bit;
  for (const std::uint32_t mark : {0xffffffffU, ours, 1U << MarkingPrograms::first_bit, 0x80000001U})
    EXPECT_EQ(programs.marked(bytes, true, 2, mark), mark & ~ours);
  bytes.resize(30);
  EXPECT_EQ(programs.marked(bytes, true, 2, ours | 1), 1U) << "cut";
}

// The rules that go by marks, with a mark that a rule of the test sets in place of a program.
struct MarkRulesTest : IngressPrograms {
  HookPlan plan() const {
    HookPlan one = router_plan();
    one.devices = {"server_side"};
    const Inside inside(lab.router);
    one.fast_path = FastPathRules{
        "", {1}, ArrivalMarks{24, {::if_nametoindex("client_side")}, {::if_nametoindex("server_side")}}};
    return one;
  }
  // The kernel may have no `queue`: what would be queued is counted and dropped.
  void install(std::uint32_t mark) const {
    const Inside inside(lab.router);
    std::string rules = render_nft(plan());
    const std::size_t at = rules.find("    queue");
    rules.replace(at, rules.find('\n', at) - at, "    counter name judged drop");
    rules.insert(rules.find("  chain reassemble"), "  counter judged { }\n  counter passed { }\n");
    rules +=
        "table inet marker {\n  chain c {\n    type filter hook prerouting priority raw; policy accept;\n"
        "    meta l4proto udp meta mark set " +
        std::to_string(mark) +
        "\n  }\n"
        "  counter clean { }\n  chain d {\n    type filter hook postrouting priority 300; policy accept;\n"
        "    meta l4proto udp meta mark 5 counter name clean\n  }\n}\n";
    const NftResult result = NftSession().run(rules);
    ASSERT_TRUE(result.ok) << result.errors << rules;
  }
  [[nodiscard]] bool arrives() const {
    const UdpSocket client(lab.client, "10.9.1.1", 4000), server(lab.server, "10.9.2.1", 5000);
    client.send("through", endpoint("10.9.2.1", 5000));
    const auto counted = [this] { return occurrences(counters(), "packets 1 "); };
    EXPECT_TRUE(eventually([&] { return server.has_datagram() || counted() > 0; }));
    return server.has_datagram();
  }
  [[nodiscard]] std::string counters() const { return run_in(lab.router, {"nft", "list", "counters"}); }
};

TEST_F(MarkRulesTest, TheAnswerOfTheRightClassPassesAndIsTakenOff) {
  install(0x02000005);
  EXPECT_TRUE(arrives());
  EXPECT_NE(counters().find("counter clean {\n\t\tpackets 1 "), std::string::npos) << counters();
}

TEST_F(MarkRulesTest, TheAnswerOfAnotherClassIsNotHeeded) {
  install(0x01000005);  // leaves by no device of the plan
  EXPECT_FALSE(arrives());
  EXPECT_NE(counters().find("counter judged {\n\t\tpackets 1 "), std::string::npos) << counters();
}

TEST_F(MarkRulesTest, AnAnswerThatDoesNotExistIsNotHeeded) {
  install(0x7f000000);
  EXPECT_FALSE(arrives());
  EXPECT_NE(counters().find("counter judged {\n\t\tpackets 1 "), std::string::npos) << counters();
}

}  // namespace
}  // namespace vpcwall::test
