// What the kernel's program does with one record, down to the nanosecond. O-14, C-29, C-42, C-43, C-46.
#include "fast_path/program.h"

#include <gtest/gtest.h>

#include <cstring>

#include "fast_path/tuple.h"

namespace vpcwall {
namespace {

using namespace fast_path;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint32_t generation = 7, device = 3;

// web 10.0.0.5:443 and a client, both sides tracked and established; the client opened.
struct ProgramTest : ::testing::Test {
  ProgramTest() {
    const DirectedTuple directed =
        directed_tuple(*parse_address("203.0.113.12"), 40000, *parse_address("10.0.0.5"), 443, Protocol::tcp);
    from_client_ = directed.direction;
    record_.tuple = directed.tuple;
    record_.generation = generation;
    record_.state = both(state_established);
    for (idle_settings& idle : record_.idle) idle = {432000, 30, 180, 0};
    for (flow_direction& direction : record_.direction) {
      direction.passes = 1;
      direction.in_device = device;
      direction.last = 100 * second;
    }
  }

  [[nodiscard]] std::uint32_t side(std::uint32_t state) const {
    return state | side_tracked | (from_client_ == 0 ? 0U : std::uint32_t{side_first_replies});
  }
  [[nodiscard]] std::uint32_t both(std::uint32_t state) const {
    return side(state) | side(state) << side_bits;
  }
  [[nodiscard]] std::uint32_t state_at(unsigned side) const {
    return record_.state >> (side_bits * side) & side_state;
  }
  bool passes(std::uint32_t flags, std::uint64_t now, bool from_client = true, std::uint32_t in = device,
              std::uint32_t out = 0) {
    parsed_packet packet{};
    packet.tuple = record_.tuple;
    packet.direction = from_client ? from_client_ : 1 - from_client_;
    packet.length = 60;
    packet.tcp_flags = flags;
    return pass(&record_, &packet, generation, now, in, out) != 0;
  }
  flow_direction& of_client() { return record_.direction[from_client_]; }
  flow_direction& of_server() { return record_.direction[1 - from_client_]; }

  flow_record record_{};
  std::uint32_t from_client_ = 0;
};

TEST_F(ProgramTest, CountsAndRefreshesWhatItPasses) {
  EXPECT_TRUE(passes(tcp_ack, 101 * second));
  EXPECT_EQ(of_client().packets, 1U);
  EXPECT_EQ(of_client().bytes, 60U);
  EXPECT_EQ(of_client().last, 101 * second);
  EXPECT_EQ(of_server().packets, 0U);
  EXPECT_EQ(of_server().last, 100 * second);
}

TEST_F(ProgramTest, WritesNothingWhenItDoesNotPass) {
  const flow_record before = record_;
  EXPECT_FALSE(passes(tcp_ack, 101 * second, true, device + 1)) << "came in by another device";
  EXPECT_FALSE(passes(tcp_ack, 101 * second, true, device, 1)) << "leaves by another device";
  record_.generation = generation - 1;
  EXPECT_FALSE(passes(tcp_ack, 101 * second)) << "of an older policy";
  record_.generation = generation;
  of_client().passes = 0;
  EXPECT_FALSE(passes(tcp_ack, 101 * second)) << "a direction that was not judged to pass";
  of_client().passes = 1;
  record_.state |= VPCWALL_RETIRED;
  EXPECT_FALSE(passes(tcp_rst, 101 * second)) << "retired";
  record_.state &= ~VPCWALL_RETIRED;
  EXPECT_EQ(std::memcmp(&before, &record_, sizeof before), 0);
}

TEST_F(ProgramTest, EndsAFlowAtTheInstantOfItsTimeout) {
  record_.state = both(state_syn_received);  // 60 s
  EXPECT_FALSE(passes(tcp_rst, 160 * second));
  EXPECT_TRUE(passes(tcp_rst, 160 * second - 1));
}

TEST_F(ProgramTest, KnowsThatTheOtherDirectionKeepsAFlowAlive) {
  record_.state = both(state_syn_received);
  of_server().last = 150 * second;
  EXPECT_FALSE(passes(tcp_ack, 210 * second));
  EXPECT_TRUE(passes(tcp_ack, 210 * second - 1));
}

TEST_F(ProgramTest, PassesOnlyWhileBothSidesLive) {
  for (const bool first_is_short : {false, true}) {
    const std::uint32_t closed = side(state_closed), open = side(state_established);  // 10 s, 5 days
    record_.state = first_is_short ? closed | open << side_bits : open | closed << side_bits;
    of_client().last = 100 * second;
    of_server().last = 105 * second;
    EXPECT_FALSE(passes(tcp_ack, 115 * second)) << first_is_short;
    EXPECT_TRUE(passes(tcp_ack, 115 * second - 1)) << first_is_short;
  }
}

TEST_F(ProgramTest, AnUntrackedSideNeverExpires) {
  record_.state = 0;
  EXPECT_TRUE(passes(tcp_ack, 1'000'000 * second));
  EXPECT_EQ(record_.state, 0U);
}

TEST_F(ProgramTest, MovesBothSidesThroughTheHandshakeAndTheEnd) {
  record_.state = both(state_syn_sent);
  EXPECT_TRUE(passes(tcp_syn | tcp_ack, 101 * second, false));
  EXPECT_EQ(state_at(0), state_syn_received);
  EXPECT_TRUE(passes(tcp_ack, 102 * second));
  EXPECT_EQ(state_at(0), state_established);
  EXPECT_TRUE(passes(tcp_fin | tcp_ack, 103 * second));
  EXPECT_EQ(state_at(1), state_fin_wait);
  EXPECT_TRUE(passes(tcp_fin | tcp_ack, 104 * second, false));
  EXPECT_EQ(state_at(1), state_last_ack);
  EXPECT_TRUE(passes(tcp_rst, 105 * second));
  EXPECT_EQ(state_at(0), state_closed);
  EXPECT_EQ(state_at(1), state_closed);
}

}  // namespace
}  // namespace vpcwall
