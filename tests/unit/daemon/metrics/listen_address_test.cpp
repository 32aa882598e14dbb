#include "daemon/metrics/listen_address.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(ListenAddress, SurvivesTextAndBack) {
  for (const char* text : {"127.0.0.1:9465", "0.0.0.0:1", "[::1]:9465", "[2001:db8::5]:65535"}) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(to_string(*address), text);
  }
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const char* text : {"",
                           ":",
                           ":9465",
                           "9465",
                           "127.0.0.1",
                           "127.0.0.1:",
                           "127.0.0.1:0",
                           "127.0.0.1:65536",
                           "127.0.0.1:09465",
                           "127.0.0.1:+1",
                           "127.0.0.1: 1",
                           "127.0.0.1:1 ",
                           "[127.0.0.1]:1",
                           "::1",
                           "::1:9465",
                           "[::1]",
                           "[::1]9465",
                           "[]:1",
                           "localhost:9465",
                           "*:9465"})
    EXPECT_FALSE(parse_listen_address(text).has_value()) << text;
}

}  // namespace
}  // namespace vpcwall
