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

// Plays runs until that many packets were sent.
void play(property::Kernel& kernel, std::uint64_t wanted, FastPathCoverage& coverage) {
  for (std::uint64_t number = 0; coverage.packets < wanted; ++number) {
    std::mt19937_64 random(number);
    const auto run = property::run_of(property::random_run(random, static_cast<int>(number % 101)));
    const auto found = property::play_with_fast_path(run, kernel, coverage);
    ASSERT_FALSE(found) << "run " << number << ", " << *found << '\n'
                        << property::scenario_text(run, std::nullopt);
  }
  std::cout << to_string(coverage);
}

std::uint64_t wanted_steps() {
  const char* text = std::getenv("VPCWALL_KERNEL_STEPS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 100'000;
}

TEST(KernelFastPathPrograms, AnswerAsTheEngineWould) {
  KernelPrograms kernel;
  FastPathCoverage coverage;
  play(kernel, wanted_steps(), coverage);
  EXPECT_GT(coverage.passed, wanted_steps() / 50);
  EXPECT_GT(coverage.refused, wanted_steps() / 500);
}

// Where packets arrive: their class is the answer's, and an answer that nobody heeds is taken back.
TEST(KernelFastPathPrograms, AnswerAtTheDevicesAsTheEngineWould) {
  MarkingPrograms kernel;
  FastPathCoverage coverage;
  play(kernel, wanted_steps(), coverage);
  EXPECT_GT(coverage.passed, wanted_steps() / 100);
  EXPECT_GT(coverage.refused, wanted_steps() / 1000);
  EXPECT_GT(coverage.in_vain, wanted_steps() / 2000);
}

}  // namespace
}  // namespace vpcwall::test
