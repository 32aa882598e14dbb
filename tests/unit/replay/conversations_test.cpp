#include "replay/conversations.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

Decision decision(std::initializer_list<CounterSlot> rules, Verdict verdict = Verdict::accept) {
  Decision result;
  result.verdict = verdict;
  for (const CounterSlot rule : rules)
    result.gates.at(result.gate_size++) = {Gate::sg_ingress, Outcome::fresh, 0, rule};
  return result;
}

std::vector<std::string> conversations_of(std::initializer_list<std::string_view> packets) {
  Conversations conversations;
  for (const std::string_view packet : packets) conversations.add(test::packet_of(packet), decision({}), {});
  std::vector<std::string> texts;
  for (const Conversation& one : conversations.all())
    texts.push_back(describe(one) + " x" + std::to_string(one.packets));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Conversations, JoinBothDirections) {
  EXPECT_EQ(conversations_of({"tcp S 10.0.0.9:40000 > 10.0.0.5:443", "tcp SA 10.0.0.5:443 > 10.0.0.9:40000",
                              "tcp S 10.0.0.9:40001 > 10.0.0.5:443", "udp 10.0.0.9:40000 > 10.0.0.5:443"}),
            (Texts{"tcp 10.0.0.9:40000 - 10.0.0.5:443 x2", "tcp 10.0.0.9:40001 - 10.0.0.5:443 x1",
                   "udp 10.0.0.9:40000 - 10.0.0.5:443 x1"}));
  EXPECT_EQ(conversations_of({"udp 10.0.0.9:2 > 10.0.0.9:1", "udp 10.0.0.9:1 > 10.0.0.9:2"}),
            (Texts{"udp 10.0.0.9:2 - 10.0.0.9:1 x2"}));
  EXPECT_EQ(conversations_of({"47 10.0.0.9 > 10.0.0.5", "47 10.0.0.5 > 10.0.0.9"}),
            (Texts{"protocol 47 10.0.0.9 - 10.0.0.5 x2"}));
  EXPECT_EQ(conversations_of({"tcp S 2001:db8::1:40000 > 2001:db8::2:443"}),
            (Texts{"tcp [2001:db8::1]:40000 - [2001:db8::2]:443 x1"}));
}

TEST(Conversations, TellQuestionsByTheirIdentifierAndOtherMessagesByTheirType) {
  EXPECT_EQ(conversations_of({"icmp 8/0 7 10.0.0.9 > 10.0.0.5", "icmp 0/0 7 10.0.0.5 > 10.0.0.9",
                              "icmp 8/0 8 10.0.0.9 > 10.0.0.5", "icmp 13/0 7 10.0.0.9 > 10.0.0.5",
                              "icmp 3/4 0 10.0.0.5 > 10.0.0.9", "icmp 3/3 0 10.0.0.5 > 10.0.0.9"}),
            (Texts{"icmp 10.0.0.9 - 10.0.0.5 id 7 x2", "icmp 10.0.0.9 - 10.0.0.5 id 8 x1",
                   "icmp 10.0.0.9 - 10.0.0.5 id 7 x1", "icmp 10.0.0.5 - 10.0.0.9 type 3 code 4 x1",
                   "icmp 10.0.0.5 - 10.0.0.9 type 3 code 3 x1"}));
}

TEST(Conversations, CountEachOutcomeOnce) {
  Conversations conversations;
  const Packet packet = test::packet_of("tcp S 10.0.0.9:40000 > 10.0.0.5:443");
  conversations.add(packet, decision({1, 2}), {});
  conversations.add(packet, decision({2}, Verdict::drop), {});
  const Conversation& one = conversations.all().at(0);
  ASSERT_EQ(one.outcomes.size(), 2U);
  EXPECT_EQ(one.outcomes[0].packets, 1U);
  EXPECT_EQ(one.outcomes[1].packets, 2U);
  EXPECT_EQ(one.accepted, 1U);
  EXPECT_EQ(one.dropped, 1U);
  EXPECT_EQ(one.bytes, 2U * packet.length);

  for (CounterSlot rule = 0; rule < 100; ++rule) conversations.add(packet, decision({rule}), {});
  EXPECT_EQ(conversations.all().at(0).outcomes.size(), Conversations::max_outcomes);
}

TEST(Conversations, CountPacketsForWhichThereIsNoRoom) {
  Conversations conversations;
  Packet packet = test::packet_of("tcp S 10.0.0.9:40000 > 10.0.0.5:443");
  for (std::size_t i = 0; i < Conversations::max_conversations; ++i) {
    packet.destination = advance(packet.destination, 1);
    ASSERT_NE(conversations.add(packet, decision({}), {}), nullptr);
  }
  EXPECT_NE(conversations.add(packet, decision({}), {}), nullptr) << "one that is known";
  packet.destination = advance(packet.destination, 1);
  EXPECT_EQ(conversations.add(packet, decision({}), {}), nullptr);
  EXPECT_EQ(conversations.packets_without_room(), 1U);
}

}  // namespace
}  // namespace vpcwall
