#include "control/observe_request.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

using nlohmann::json;

std::string mistake(const json& arguments) {
  const auto request = read_observe_request(arguments);
  EXPECT_FALSE(request.has_value()) << arguments;
  return request ? std::string() : request.error();
}

TEST(ObserveRequest, MayBeEmpty) {
  const auto request = read_observe_request({{"verb", "observe"}});
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->filter, DecisionFilter{});
  EXPECT_EQ(request->fast_path, FastPathUse::flows);
  EXPECT_FALSE(request->explain);
  EXPECT_EQ(request->count, 0U);
  EXPECT_EQ(request->repeats_every, 10U);
}

TEST(ObserveRequest, ReadsEveryArgument) {
  const auto request = read_observe_request(json::parse(
      R"({"filter": {"denied": true}, "fast_path": "off", "explain": true, "count": 5, "repeats_every": 60})"));
  ASSERT_TRUE(request.has_value()) << request.error();
  EXPECT_TRUE(request->filter.denied);
  EXPECT_EQ(request->fast_path, FastPathUse::off);
  EXPECT_TRUE(request->explain);
  EXPECT_EQ(request->count, 5U);
  EXPECT_EQ(request->repeats_every, 60U);
  for (const FastPathUse use : {FastPathUse::on, FastPathUse::flows, FastPathUse::off})
    EXPECT_EQ(read_observe_request({{"fast_path", to_string(use)}})->fast_path, use);
}

TEST(ObserveRequest, SaysWhatWasFoundAndWhatWasExpected) {
  EXPECT_EQ(mistake({{"filter", 1}}), "found 1 for a filter, expected an object");
  EXPECT_EQ(mistake({{"fast_path", "rest"}}), "found \"rest\" for \"fast_path\", expected on, flows or off");
  EXPECT_EQ(mistake({{"explain", "no"}}), "found \"no\" for \"explain\", expected true or false");
  EXPECT_NE(mistake({{"count", 0}}).find("found 0 for \"count\", expected a number from 1 to"),
            std::string::npos);
  EXPECT_NE(mistake({{"count", -1}}).find("found -1"), std::string::npos);
  EXPECT_EQ(mistake({{"repeats_every", 86401}}),
            "found 86401 for \"repeats_every\", expected a number from 1 to 86400");
}

}  // namespace
}  // namespace vpcwall
