#include "flow/flow_state.h"

#include <gtest/gtest.h>

#include <string>

namespace vpcwall {
namespace {

using enum FlowDirection;

TcpFlags flags(const std::string& letters) {
  TcpFlags result;
  for (const char letter : letters) {
    result.syn |= letter == 'S';
    result.ack |= letter == 'A';
    result.fin |= letter == 'F';
    result.rst |= letter == 'R';
    result.psh |= letter == 'P';
  }
  return result;
}

struct Row {
  FlowState before;
  const char* letters;
  FlowDirection direction;
  FlowState after;
};

TEST(TcpState, FollowsHandshakeAndClose) {
  const Row rows[] = {
      {FlowState::syn_sent, "S", original, FlowState::syn_sent},
      {FlowState::syn_sent, "SA", reply, FlowState::syn_received},
      {FlowState::syn_sent, "SA", original, FlowState::syn_sent},
      {FlowState::syn_sent, "A", original, FlowState::established},  // the SYN-ACK went another way (C-46)
      {FlowState::syn_sent, "A", reply, FlowState::syn_sent},
      {FlowState::syn_received, "A", original, FlowState::established},
      {FlowState::syn_received, "PA", reply, FlowState::syn_received},
      {FlowState::syn_received, "FA", original, FlowState::fin_wait},
      {FlowState::established, "PA", reply, FlowState::established},
      {FlowState::established, "S", original, FlowState::established},
      {FlowState::established, "FA", reply, FlowState::fin_wait},
      {FlowState::fin_wait, "A", original, FlowState::close_wait},
      {FlowState::fin_wait, "FA", original, FlowState::last_ack},
      {FlowState::close_wait, "FA", original, FlowState::last_ack},
      {FlowState::close_wait, "A", reply, FlowState::close_wait},
      {FlowState::last_ack, "A", reply, FlowState::time_wait},
      {FlowState::time_wait, "A", original, FlowState::time_wait},
      {FlowState::established, "R", reply, FlowState::closed},
      {FlowState::syn_sent, "RA", reply, FlowState::closed},
      {FlowState::closed, "PA", original, FlowState::closed},
  };
  for (const Row& row : rows)
    EXPECT_EQ(next_state(row.before, flags(row.letters), row.direction), row.after)
        << to_string(row.before) << " + " << row.letters;
}

TEST(UdpState, BecomesAStreamWithTheSecondAnsweredRequest) {
  FlowState state = first_state(Protocol::udp, Family::ipv4, {});
  for (const FlowDirection direction : {original, reply, reply, original, original})
    state = next_state(state, {}, direction);
  EXPECT_EQ(state, FlowState::udp_second_request) << "several of either side are one transaction (C-71)";
  state = next_state(state, {}, reply);
  EXPECT_EQ(state, FlowState::udp_stream);
  EXPECT_EQ(next_state(state, {}, original), FlowState::udp_stream) << "C-72";
}

TEST(FirstState, SaysWhereAFlowBegins) {
  EXPECT_EQ(first_state(Protocol::tcp, Family::ipv4, flags("S")), FlowState::syn_sent);
  EXPECT_EQ(first_state(Protocol::tcp, Family::ipv6, flags("A")), FlowState::established);
  EXPECT_EQ(first_state(Protocol::icmp, Family::ipv4, {}), FlowState::icmp);
  EXPECT_EQ(first_state(Protocol::icmpv6, Family::ipv6, {}), FlowState::icmp);
  EXPECT_EQ(first_state(Protocol::gre, Family::ipv4, {}), FlowState::other);
}

TEST(FirstState, TakesIcmpOfTheOtherFamilyForAnyOtherProtocol) {  // C-34, S-66
  EXPECT_EQ(first_state(Protocol::icmp, Family::ipv6, {}), FlowState::other);
  EXPECT_EQ(first_state(Protocol::icmpv6, Family::ipv4, {}), FlowState::other);
}

TEST(IdleTimeout, IsAwsWhereAwsSaysAndNetfilterElsewhere) {
  const FlowTimeouts timeouts{.tcp_established = 350, .udp = 40, .udp_stream = 100};
  const std::pair<FlowState, int> rows[] = {{FlowState::syn_sent, 120},
                                            {FlowState::syn_received, 60},
                                            {FlowState::established, 350},
                                            {FlowState::fin_wait, 120},
                                            {FlowState::close_wait, 60},
                                            {FlowState::last_ack, 30},
                                            {FlowState::time_wait, 120},
                                            {FlowState::closed, 10},
                                            {FlowState::udp_request, 40},
                                            {FlowState::udp_reply, 40},
                                            {FlowState::udp_second_request, 40},
                                            {FlowState::udp_stream, 100},
                                            {FlowState::icmp, 30},
                                            {FlowState::other, 600}};
  for (const auto& [state, seconds] : rows)
    EXPECT_EQ(idle_timeout(state, timeouts), std::chrono::seconds(seconds)) << to_string(state);
}

TEST(FlowState, HasANameForEachValue) {
  for (std::size_t i = 0; i < flow_state_count; ++i)
    EXPECT_FALSE(to_string(static_cast<FlowState>(i)).empty());
}

}  // namespace
}  // namespace vpcwall
