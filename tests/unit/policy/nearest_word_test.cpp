#include "policy/nearest_word.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsReplacementsAndSwaps) {
  struct Row {
    const char *a, *b;
    std::size_t distance;
  };
  for (const Row& row :
       {Row{"ingress", "ingress", 0}, Row{"ingres", "ingress", 1}, Row{"ingresss", "ingress", 1},
        Row{"ingrass", "ingress", 1}, Row{"ingerss", "ingress", 1}, Row{"TCP", "tcp", 0}, Row{"", "abc", 3},
        Row{"kitten", "sitting", 3}})
    EXPECT_EQ(edit_distance(row.a, row.b, 5), row.distance) << row.a << ' ' << row.b;
}

TEST(EditDistance, StopsAtItsLimit) {
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3U);
  EXPECT_EQ(edit_distance("a", "abcdefgh", 3), 4U);
  EXPECT_EQ(edit_distance(std::string(65, 'a'), std::string(65, 'a'), 3), 4U);
}

std::string nearest(std::string_view wanted, std::initializer_list<std::string_view> candidates) {
  NearestWord word(wanted);
  for (const std::string_view candidate : candidates) word.offer(candidate);
  return word.best().value_or("");
}

TEST(NearestWord, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("egres", {"ingress", "egress"}), "egress");
  EXPECT_EQ(nearest("udpp", {"tcp", "udp"}), "udp");
  EXPECT_EQ(nearest("desc", {"id", "description"}), "description");
  EXPECT_EQ(nearest("permit", {"allow", "deny"}), "");
}

TEST(NearestWord, DoesNotGuessFromOneLetter) {
  EXPECT_EQ(nearest("b", {"a", "c"}), "");
  EXPECT_EQ(nearest("B", {"a", "b"}), "b");
}

TEST(NearestWord, TakesTheFirstOfEqualOnes) { EXPECT_EQ(nearest("web3", {"web1", "web2"}), "web1"); }

}  // namespace
}  // namespace vpcwall
