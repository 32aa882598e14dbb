#include "capture/link_type.h"

#include <gtest/gtest.h>

#include <set>

namespace vpcwall {
namespace {

TEST(LinkType, IsFoundByTheNumberInFilesAndInMemory) {
  for (const LinkType type :
       {LinkType::null, LinkType::ethernet, LinkType::raw, LinkType::loop, LinkType::linux_cooked,
        LinkType::ipv4, LinkType::ipv6, LinkType::linux_cooked_v2})
    EXPECT_EQ(find_link_type(static_cast<int>(type)), type);
  EXPECT_EQ(find_link_type(12), LinkType::raw);
  EXPECT_EQ(find_link_type(14), LinkType::raw);
  EXPECT_EQ(find_link_type(105), std::nullopt);
  EXPECT_EQ(find_link_type(-1), std::nullopt);
}

TEST(LinkType, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const int number : {0, 1, 101, 108, 113, 228, 229, 276})
    names.insert(to_string(find_link_type(number).value()));  // NOLINT(bugprone-unchecked-optional-access)
  EXPECT_EQ(names.size(), 8U);
}

}  // namespace
}  // namespace vpcwall
