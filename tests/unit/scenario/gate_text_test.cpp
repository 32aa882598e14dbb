#include "scenario/gate_text.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(GateText, WritesWhatItReads) {
  for (const char* text :
       {"acl-ingress A allow 100", "acl-egress A deny *", "sg-ingress a1 new", "sg-egress a1 table-full",
        "sg-ingress db new clients", "source-dest-check n deny", "exempt"}) {
    const auto gate = read_gate_text(text);
    ASSERT_TRUE(gate) << text << ": " << gate.error().message;
    EXPECT_EQ(to_string(*gate), text);
  }
}

// An expectation that no decision can ever meet is a mistake of the file, not a failing test.
TEST(GateText, RefusesWhatNoGateCanSay) {
  for (const char* text : {"", "acl A allow 100", "acl-ingress A allow", "acl-ingress A new 100",
                           "sg-ingress a1 allow", "sg-ingress a1", "source-dest-check n new", "exempt a1",
                           "sg-ingress a1 new web more", "source-dest-check n deny x"})
    EXPECT_FALSE(read_gate_text(text)) << text;
}

TEST(GateText, AnExpectationWithoutAGroupTakesAny) {
  const ExpectedGate any{Gate::sg_ingress, "a1", Outcome::fresh, ""};
  const ExpectedGate web{Gate::sg_ingress, "a1", Outcome::fresh, "web"};
  const ExpectedGate db{Gate::sg_ingress, "a1", Outcome::fresh, "db"};
  EXPECT_TRUE(meets(any, web));
  EXPECT_FALSE(meets(db, web));
  const ExpectedGate entry{Gate::acl_ingress, "A", Outcome::allow, "100"};
  EXPECT_FALSE(meets({Gate::acl_ingress, "A", Outcome::allow, ""}, entry))
      << "an entry always has its number";
}

TEST(GateText, AGateThatIsNotListedMustNotBeMet) {
  const ExpectedGate acl{Gate::acl_ingress, "A", Outcome::allow, "100"};
  const ExpectedGate group{Gate::sg_ingress, "a1", Outcome::fresh, "web"};
  EXPECT_TRUE(meet({acl, group}, {acl, group}));
  EXPECT_FALSE(meet({acl}, {acl, group}));
  EXPECT_FALSE(meet({acl, group}, {acl}));
  EXPECT_FALSE(meet({group, acl}, {acl, group})) << "order counts";
}

}  // namespace
}  // namespace vpcwall
