#include "daemon/state/state_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

namespace vpcwall {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::int64_t unix_now() { return std::int64_t{std::time(nullptr)} * 1'000'000'000; }

class StateFileTest : public ::testing::Test {
 protected:
  // ctest runs each test in a process of its own, several at once: each needs its own file.
  StateFileTest() : path_(::testing::TempDir() + "vpcwall-state-file-" + std::to_string(::getpid())) {}
  ~StateFileTest() override { std::filesystem::remove(path_); }

  // Of a connection that began an hour before the state was saved and had its last packet a minute before.
  static SavedState a_connection(TimePoint saved_at) {
    SavedState state;
    stamp(state, saved_at);
    state.interfaces = {"eni-1"};
    Flow flow;
    flow.key.interface = 0;
    flow.key.protocol = Protocol::tcp;
    flow.state = FlowState::established;
    flow.opened_at = saved_at - hours(1);
    flow.last_packet = saved_at - seconds(60);
    flow.expires = flow.last_packet + hours(120);
    flow.opened_by = Flow::nobody;
    state.flows.push_back(flow);
    return state;
  }

  std::string path_;
};

TEST_F(StateFileTest, OfThisBootIsAsItWas) {
  const TimePoint saved_at{hours(5)};
  save_state(path_, a_connection(saved_at));
  const auto state = load_state(path_, saved_at + seconds(10));
  ASSERT_TRUE(state) << state.error().why;
  ASSERT_EQ(state->flows.size(), 1U);
  EXPECT_EQ(state->flows[0].last_packet, saved_at - seconds(60));
}

// The clock of this boot began a minute ago: everything in the state was before its 0.
TEST_F(StateFileTest, AFlowOutlivesAReboot) {
  SavedState before = a_connection(TimePoint{hours(500)});
  before.boot = "another boot";
  before.saved_unix = unix_now() - std::int64_t{300} * 1'000'000'000;
  save_state(path_, before);
  const TimePoint now{seconds(60)};
  const auto state = load_state(path_, now);
  ASSERT_TRUE(state) << state.error().why;
  ASSERT_EQ(state->flows.size(), 1U) << "five minutes later it is far from idle";
  const Flow& flow = state->flows[0];
  EXPECT_NEAR(std::chrono::duration<double>(now - flow.last_packet).count(), 360, 2);
  EXPECT_EQ(flow.expires - flow.last_packet, hours(120));
  EXPECT_EQ(flow.last_packet - flow.opened_at, hours(1) - seconds(60));
}

TEST_F(StateFileTest, WhatIdledTooLongWhileTheMachineWasOffIsGone) {
  SavedState before = a_connection(TimePoint{hours(500)});
  before.flows[0].expires = before.flows[0].last_packet + seconds(100);
  before.boot = "another boot";
  before.saved_unix = unix_now() - std::int64_t{300} * 1'000'000'000;
  save_state(path_, before);
  const auto state = load_state(path_, TimePoint{seconds(60)});
  ASSERT_TRUE(state) << state.error().why;
  EXPECT_TRUE(state->flows.empty());
}

TEST_F(StateFileTest, OfTheFutureOrTooOldIsRefused) {
  for (const std::int64_t ago : {std::int64_t{-1000}, std::int64_t{6} * 24 * 3600}) {
    SavedState before = a_connection(TimePoint{hours(500)});
    before.boot = "another boot";
    before.saved_unix = unix_now() - ago * 1'000'000'000;
    save_state(path_, before);
    EXPECT_FALSE(load_state(path_, TimePoint{seconds(60)})) << ago;
  }
  const TimePoint saved_at{hours(5)};
  save_state(path_, a_connection(saved_at));
  EXPECT_FALSE(load_state(path_, saved_at - seconds(1)));
}

}  // namespace
}  // namespace vpcwall
