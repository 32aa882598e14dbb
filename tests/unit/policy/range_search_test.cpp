#include "policy/range_search.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace vpcwall {
namespace {

TEST(RangeSearch, FindsEveryRangeOfListsOfEverySize) {
  for (std::size_t size = 1; size <= 1100; ++size) {
    std::vector<std::size_t> starts(size);
    std::iota(starts.begin(), starts.end(), 0U);
    for (std::size_t& start : starts) start *= 2;
    const std::size_t stride = size <= 70 ? 1 : size / 61;
    for (std::size_t range = 0; range < size; range += stride)
      for (const std::size_t key : {2 * range, 2 * range + 1})
        ASSERT_EQ(last_range(std::size_t{0}, size, [&](std::size_t i) { return starts.at(i) <= key; }), range)
            << "of " << size;
    ASSERT_EQ(last_range(std::size_t{0}, size, [](std::size_t) { return true; }), size - 1);
  }
}

}  // namespace
}  // namespace vpcwall
