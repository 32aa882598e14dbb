#include "flow/ended_flows.h"

#include <gtest/gtest.h>

#include <vector>

#include "flow/flow_table.h"

namespace vpcwall {
namespace {

using std::chrono::seconds;

constexpr TimePoint start{seconds(1000)};

FlowKey key(std::uint32_t number, InterfaceNumber interface = 0) {
  FlowKey result;
  result.local_high = 10;
  result.remote_high = number;
  result.local_port = 22;
  result.remote_port = 40000;
  result.protocol = Protocol::tcp;
  result.interface = interface;
  return result;
}

constexpr TcpFlags syn{.syn = true}, reset{.rst = true};

class EndedFlowsTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool noted(const FlowKey& one) const { return ended_.may_have_ended(0, one); }
  void open(FlowTable& table, std::uint32_t number) {
    ASSERT_TRUE(table.open(key(number), {Originator::remote, 7, syn, {}, 60}, start));
  }

  std::vector<std::uint64_t> first_ = std::vector<std::uint64_t>(EndedFlows::words);
  std::vector<std::uint64_t> second_ = std::vector<std::uint64_t>(EndedFlows::words);
  EndedFlows ended_{{first_, second_}, {1, 2, 3, 4}};
};

TEST_F(EndedFlowsTest, KnowsEveryFlowThatEndedInBothSets) {
  for (std::uint32_t i = 0; i < 10'000; ++i) ended_.note(key(i));
  for (std::uint32_t i = 0; i < 10'000; ++i)
    ASSERT_TRUE(ended_.may_have_ended(0, key(i)) && ended_.may_have_ended(1, key(i))) << i;
}

TEST_F(EndedFlowsTest, AnInterfaceHasAnotherNumberInTheNextProcess) {
  ended_.note(key(1, 5));
  EXPECT_TRUE(noted(key(1, 9)));
}

TEST_F(EndedFlowsTest, ASetBeginsAnewByItself) {
  ended_.note(key(1));
  ended_.forget(1);
  EXPECT_TRUE(ended_.may_have_ended(0, key(1)));
  EXPECT_FALSE(ended_.may_have_ended(1, key(1)));
}

TEST_F(EndedFlowsTest, AMillionEndsTakeFewOthersWithThem) {
  for (std::uint32_t i = 0; i < 1'000'000; ++i) ended_.note(key(i));
  int wrong = 0;
  for (std::uint32_t i = 1'000'000; i < 1'100'000; ++i) wrong += noted(key(i)) ? 1 : 0;
  EXPECT_LT(wrong, 100) << "of 100,000";
}

TEST_F(EndedFlowsTest, ATableNotesWhatIsClosedRemovedOrIdle) {
  FlowTable table(8, {1, 2, 3, 4});
  table.note_ends_in(ended_);
  for (std::uint32_t i = 0; i < 5; ++i) open(table, i);
  table.touch(key(0), {FlowDirection::reply, reset, {}, 60}, start);
  EXPECT_TRUE(noted(key(0))) << "closed, and still there";
  table.erase(key(1));
  EXPECT_TRUE(noted(key(1)));
  table.catch_up(key(2), {FlowState::closed, start, {}, {}, {}});
  EXPECT_TRUE(noted(key(2))) << "closed by what the kernel saw";
  table.erase_if(
      0, table.places(), [](const Flow& flow) { return flow.key == key(3); }, [](const Flow&) {});
  EXPECT_TRUE(noted(key(3)));
  EXPECT_FALSE(noted(key(4))) << "it lives";
  table.expire(start + seconds(1000), 8, [](const Flow&) {});
  EXPECT_TRUE(noted(key(4)));
}

}  // namespace
}  // namespace vpcwall
