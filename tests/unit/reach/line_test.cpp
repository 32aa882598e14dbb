#include "reach/line.h"

#include <gtest/gtest.h>

#include "support/policies.h"

namespace vpcwall {
namespace {

using test::ip;

// Two endpoints outside, each of two classes of one address.
EndpointMap two_by_two() {
  EndpointMap endpoints;
  for (std::size_t i = 0; i < 4; ++i) {
    AddressClass one;
    one.endpoint = i / 2;
    one.witness = advance(ip("192.0.2.0"), static_cast<std::uint32_t>(i));
    one.ranges = {{one.witness, one.witness}};
    endpoints.classes.push_back(one);
  }
  endpoints.all.push_back({"a", {}, EndpointKind::range, {{{0, 1}, {}}}});
  endpoints.all.push_back({"b", {}, EndpointKind::range, {{{2, 3}, {}}}});
  return endpoints;
}

std::vector<TrafficPart<int>> parts(std::initializer_list<std::pair<int, int>> ports_and_results) {
  std::vector<TrafficPart<int>> all;
  for (const auto& [port, result] : ports_and_results)
    add_part(all,
             {{Protocol::tcp, static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(port), false},
              result,
              {}},
             Family::ipv4);
  return all;
}

TEST(Lines, SayTogetherWhatTouchesAndIsAlike) {
  const auto all = parts({{1, 7}, {2, 7}, {3, 8}, {5, 8}});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].slice.last, 2);
  EXPECT_EQ(all[1].slice.first, 3);
}

TEST(Lines, ResultsOfOneSliceDoNotKeepEachOtherApart) {
  std::vector<TrafficPart<int>> all;
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{1, 2, 3})
    for (const int result : {1, 2})
      add_part(all, {{Protocol::tcp, port, port, false}, result, {}}, Family::ipv4);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].slice.last, 3);
  EXPECT_EQ(all[1].slice.last, 3);
}

TEST(Lines, CodesThatMakeATypeWholeJoinTheTypesBeforeIt) {
  std::vector<TrafficPart<int>> all;
  for (const auto& [first, last] : {std::pair{0x000, 0x1ff}, {0x200, 0x200}, {0x201, 0x2ff}, {0x300, 0x3ff}})
    add_part(
        all,
        {{Protocol::icmp, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last), false}, 1, {}},
        Family::ipv4);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].slice.last, 0x3ff);
}

TEST(Lines, AllAddressesNeedNoName) {
  std::vector<PairParts<int>> pairs;
  for (const std::size_t source : {0, 1})
    for (const std::size_t destination : {2, 3}) pairs.push_back({source, destination, parts({{80, 1}})});
  const auto lines = lines_of(two_by_two(), pairs);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].sources.empty());
  EXPECT_TRUE(lines[0].destinations.empty());
  EXPECT_EQ(lines[0].witness.source, ip("192.0.2.0"));
}

TEST(Lines, AreRectangles) {
  const std::vector<PairParts<int>> pairs{
      {0, 2, parts({{80, 1}})}, {0, 3, parts({{80, 1}})}, {1, 3, parts({{80, 1}})}};
  const auto lines = lines_of(two_by_two(), pairs);
  ASSERT_EQ(lines.size(), 2U);
  std::size_t covered = 0;
  for (const auto& line : lines)
    covered += (line.sources.empty() ? 2 : line.sources.size()) *
               (line.destinations.empty() ? 2 : line.destinations.size());
  EXPECT_EQ(covered, 3U);
}

TEST(Lines, DifferentTrafficIsSaidApart) {
  const std::vector<PairParts<int>> pairs{{0, 2, parts({{80, 1}})}, {1, 2, parts({{80, 2}})}, {1, 3, {}}};
  const auto lines = lines_of(two_by_two(), pairs);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].sources, (std::vector<AddressRange>{{ip("192.0.2.0"), ip("192.0.2.0")}}));
  EXPECT_EQ(lines[1].sources, (std::vector<AddressRange>{{ip("192.0.2.1"), ip("192.0.2.1")}}));
}

}  // namespace
}  // namespace vpcwall
