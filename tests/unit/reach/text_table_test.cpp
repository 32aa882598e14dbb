#include "reach/text_table.h"

#include <gtest/gtest.h>

namespace vpcwall {
namespace {

TEST(TextTable, ColumnsStandUnderEachOther) {
  EXPECT_EQ(aligned({{"A", "B", "C"}, {"long", "x", ""}, {"", "", "z"}}),
            "A     B  C\nlong  x\n         z\n");
}

TEST(TextTable, CountsLettersAndNotBytes) {
  EXPECT_EQ(aligned({{"é", "x"}, {"ab", "y"}}, "  "), "  é   x\n  ab  y\n");
}

TEST(TextTable, RowsMayBeOfDifferentLength) { EXPECT_EQ(aligned({{"a"}, {"b", "c"}}), "a\nb  c\n"); }

TEST(TextTable, PaintsWholeLines) {
  EXPECT_EQ(painted("a\nb\nc\n", {"", "\033[31m"}), "a\n\033[31mb\033[0m\nc\n");
}

}  // namespace
}  // namespace vpcwall
