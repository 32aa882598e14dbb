// The kernel's own programs on runs made at random: they change no verdict, no counter and no flow.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "property/generator.h"
#include "property/report.h"
#include "support/kernel_programs.h"

namespace vpcwall::test {
namespace {

using property::FastPathCoverage;

TEST(KernelFastPathPrograms, AnswerAsTheEngineWould) {
  const char* text = std::getenv("VPCWALL_KERNEL_STEPS");
  const std::uint64_t wanted = text != nullptr ? std::strtoull(text, nullptr, 10) : 100'000;
  KernelPrograms kernel;
  FastPathCoverage coverage;
  for (std::uint64_t number = 0; coverage.packets < wanted; ++number) {
    std::mt19937_64 random(number);
    const auto run = property::run_of(property::random_run(random, static_cast<int>(number % 101)));
    const auto found = property::play_with_fast_path(run, kernel, coverage);
    ASSERT_FALSE(found) << "run " << number << ", " << *found << '\n'
                        << property::scenario_text(run, std::nullopt);
  }
  std::cout << to_string(coverage);
  EXPECT_GT(coverage.passed, wanted / 50);
  EXPECT_GT(coverage.refused, wanted / 500);
}

}  // namespace
}  // namespace vpcwall::test
