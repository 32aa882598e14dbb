#include "reach/exchange.h"

#include <gtest/gtest.h>

#include "explain/story.h"
#include "policy/compile.h"
#include "support/policies.h"

namespace vpcwall {
namespace {

using test::packet_of;
using test::small_vpc;

constexpr const char* narrow =
    "  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 203.0.113.0/24}], egress: []}";
constexpr const char* shut = "  - {name: web, ingress: [], egress: []}";
constexpr const char* ssh = "tcp S 203.0.113.12:40000 > 10.0.1.10:22";

class ExchangeTest : public testing::Test {
 protected:
  std::shared_ptr<const CompiledPolicy> compiled(const char* groups, const char* rest = "") {
    return compile(small_vpc(groups, rest), context_, ++generation_);
  }
  CompileContext context_;
  std::uint64_t generation_ = 0;
  Exchanges exchanges_;
};

TEST_F(ExchangeTest, TheReplyIsJudgedWithWhatTheRequestLeft) {
  exchanges_.under(compiled(narrow));
  const Exchange exchange = exchanges_.play(packet_of(ssh));
  EXPECT_EQ(exchange.request.verdict, Verdict::accept);
  ASSERT_TRUE(exchange.reply);
  EXPECT_EQ(exchange.reply->verdict, Verdict::accept) << "no egress rule, but a flow (C-1)";
}

TEST_F(ExchangeTest, NothingIsRememberedOfTheOneBefore) {
  exchanges_.under(compiled(narrow));
  (void)exchanges_.play(packet_of(ssh));
  // The same tuple the other way would be tracked if the flow were still there.
  const Exchange back = exchanges_.play(packet_of("tcp A 10.0.1.10:22 > 203.0.113.12:40000"));
  EXPECT_EQ(back.request.verdict, Verdict::drop);
  EXPECT_FALSE(back.reply);
}

TEST_F(ExchangeTest, ManyExchangesUseUpNothing) {
  exchanges_.under(compiled(narrow, "behavior: {flows_per_interface: 1}\n"));
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(exchanges_.play(packet_of(ssh)).request.verdict, Verdict::accept) << i;
}

TEST_F(ExchangeTest, WhatIsNoQueryIsNotAnswered) {  // C-48
  exchanges_.under(compiled("  - {name: web, ingress: [{protocol: icmp, type: all, source: 0.0.0.0/0}]}"));
  EXPECT_TRUE(exchanges_.play(packet_of("icmp 8/0 1 203.0.113.12 > 10.0.1.10")).reply);
  EXPECT_FALSE(exchanges_.play(packet_of("icmp 11/0 0 203.0.113.12 > 10.0.1.10")).reply);
  EXPECT_TRUE(is_answered(packet_of("47 203.0.113.12 > 10.0.1.10")));
}

TEST_F(ExchangeTest, ATrackedConnectionLivesOn) {  // C-20, C-28
  exchanges_.under(compiled(narrow));
  (void)exchanges_.play(packet_of(ssh));
  const Continuation rest = exchanges_.reload(compiled(shut), packet_of(ssh));
  EXPECT_EQ(rest.onward.verdict, Verdict::accept);
  EXPECT_EQ(rest.back.verdict, Verdict::accept);
  EXPECT_EQ(exchanges_.play(packet_of(ssh)).request.verdict, Verdict::accept) << "the first policy again";
}

TEST_F(ExchangeTest, AnUntrackedOneIsCut) {  // C-21
  exchanges_.under(compiled("  - {name: web, ingress: [{protocol: tcp, ports: 22, source: 0.0.0.0/0}]}"));
  (void)exchanges_.play(packet_of(ssh));
  const Continuation rest = exchanges_.reload(compiled("  - {name: web, ingress: []}"), packet_of(ssh));
  EXPECT_EQ(rest.onward.verdict, Verdict::drop);
  EXPECT_EQ(rest.back.verdict, Verdict::accept) << "every packet may leave";
}

}  // namespace
}  // namespace vpcwall
