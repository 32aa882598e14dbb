#include "daemon/metrics/host_name.h"

#include <gtest/gtest.h>

#include <string>

namespace vpcwall {
namespace {

TEST(HostName, IsReadFromTheHeader) {
  struct Row {
    std::string header, text;
  };
  const Row rows[] = {
      {"localhost", "localhost"},
      {"LocalHost:9465", "localhost"},
      {"router.Example.org.:80", "router.example.org"},
      {"127.0.0.1", "127.0.0.1"},
      {"127.0.0.1:9465", "127.0.0.1"},
      {"[::1]:9465", "::1"},
      {"[2001:DB8:0::7]", "2001:db8::7"},
      {"[::ffff:10.0.0.1]", "10.0.0.1"},
  };
  for (const Row& row : rows) {
    const auto host = host_of_header(row.header);
    ASSERT_TRUE(host.has_value()) << row.header;
    EXPECT_EQ(host->text, row.text) << row.header;
  }
  for (const std::string header : {"", ":", "a b", "a:b", "a:123456", "::1", "[::1", "[::1]9465", "[::1]:x",
                                   "[localhost]", "a/b", "a\n", "<b>", "a@b", "b\xc3\xbcro"})
    EXPECT_FALSE(host_of_header(header).has_value()) << header;
  EXPECT_FALSE(host_of_header(std::string(300, 'a')).has_value());
}

TEST(HostName, IsThisHostByLoopbackByWhereItArrivedOrByWhatIsKnown) {
  const auto is_ours = [](const std::string& header) {
    return is_this_host(*host_of_header(header), parse_address("203.0.113.7"),
                        {"router.example.org", "192.0.2.1"});
  };
  for (const std::string header : {"localhost", "metrics.localhost:9465", "127.0.0.1", "127.9.9.9:1", "[::1]",
                                   "203.0.113.7:9465", "ROUTER.example.org", "192.0.2.1"})
    EXPECT_TRUE(is_ours(header)) << header;
  for (const std::string header : {"evil.example", "localhost.evil.example", "notlocalhost", "203.0.113.8",
                                   "0.0.0.0", "router.example.org.evil.example", "[2001:db8::1]"})
    EXPECT_FALSE(is_ours(header)) << header;
  EXPECT_FALSE(is_this_host(*host_of_header("203.0.113.7"), std::nullopt, {}));
}

}  // namespace
}  // namespace vpcwall
