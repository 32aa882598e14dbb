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
      for (const std::size_t key : {2 * range, 2 * range + 1}) {
        const std::size_t* found =
            last_range(starts.data(), size, [key](std::size_t start) { return start <= key; });
        ASSERT_EQ(static_cast<std::size_t>(found - starts.data()), range) << "of " << size;
      }
    const std::size_t* last = last_range(starts.data(), size, [](std::size_t) { return true; });
    ASSERT_EQ(static_cast<std::size_t>(last - starts.data()), size - 1);
  }
}

}  // namespace
}  // namespace vpcwall
