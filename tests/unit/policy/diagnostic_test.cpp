#include "policy/diagnostic.h"

#include <gtest/gtest.h>

#include "policy/reporter.h"

namespace vpcwall {
namespace {

TEST(Diagnostic, IsOneLineWithPlaceMessageHintAndAwsCode) {
  Diagnostic diagnostic{Severity::error, "p.yaml", {12, 7}, "found a, expected b", "write b", "InvalidX"};
  EXPECT_EQ(to_string(diagnostic), "p.yaml:12:7: error: found a, expected b; write b [InvalidX]");
  diagnostic = {Severity::warning, "p.yaml", {}, "found a", {}, {}};
  EXPECT_EQ(to_string(diagnostic), "p.yaml: warning: found a");
  diagnostic.file.clear();
  EXPECT_EQ(to_string(diagnostic), "warning: found a");
}

TEST(Diagnostic, ListHasErrorsOnlyWithAnError) {
  EXPECT_FALSE(has_errors({}));
  EXPECT_FALSE(has_errors({{Severity::warning, {}, {}, {}, {}, {}}}));
  EXPECT_TRUE(has_errors({{Severity::warning, {}, {}, {}, {}, {}}, {Severity::error, {}, {}, {}, {}, {}}}));
}

TEST(Reporter, SortsByPositionAndSaysNothingTwice) {
  Reporter reporter("p.yaml");
  reporter.error({9, 1}, "c");
  reporter.warning({2, 5}, "b");
  reporter.error({2, 3}, "a");
  reporter.error({9, 1}, "c");
  const auto found = reporter.take();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(to_string(found[0]), "p.yaml:2:3: error: a");
  EXPECT_EQ(to_string(found[1]), "p.yaml:2:5: warning: b");
  EXPECT_EQ(to_string(found[2]), "p.yaml:9:1: error: c");
}

TEST(Reporter, IsBoundedAndStillAnErrorWhenOnlyUnlistedFindingsAreErrors) {
  Reporter reporter("p.yaml");
  for (std::uint32_t i = 1; i <= Reporter::max_diagnostics; ++i) reporter.warning({i, 1}, "a warning");
  reporter.error({1, 1}, "the error that is too many");
  EXPECT_TRUE(reporter.has_error());
  const auto found = reporter.take();
  ASSERT_EQ(found.size(), Reporter::max_diagnostics + 1);
  EXPECT_EQ(found.back().message, "1 more findings are not listed");
  EXPECT_TRUE(has_errors(found));
}

TEST(Quoted, ShowsControlBytesAndCutsLongTextBetweenCharacters) {
  EXPECT_EQ(vpcwall::quoted("a\"b\\c\n\x7f"), "\"a\\\"b\\\\c\\x0a\\u007f\"");
  EXPECT_EQ(vpcwall::quoted(std::string(60, 'a')), '"' + std::string(60, 'a') + '"');
  EXPECT_EQ(vpcwall::quoted(std::string(61, 'a')), '"' + std::string(60, 'a') + "…\"");
  EXPECT_EQ(vpcwall::quoted(std::string(59, 'a') + "é" + "bc"), '"' + std::string(59, 'a') + "…\"");
}

}  // namespace
}  // namespace vpcwall
