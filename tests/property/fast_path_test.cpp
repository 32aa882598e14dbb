// The fast path changes no verdict, no counter and no flow, on runs made at random. The programs run in this
// process; tests/kernel asks the kernel's own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "property/fast_path_play.h"
#include "property/generator.h"
#include "property/report.h"

namespace vpcwall::property {
namespace {

TEST(FastPath, AnswersAsTheEngineWould) {
  const char* text = std::getenv("VPCWALL_PROPERTY_STEPS");
  const std::uint64_t wanted = text != nullptr ? std::strtoull(text, nullptr, 10) : VPCWALL_PROPERTY_STEPS;
  HostKernel kernel;
  FastPathCoverage coverage;
  for (std::uint64_t number = 0; coverage.packets < wanted; ++number) {
    std::mt19937_64 random(number);
    const Descriptors descriptors = random_run(random, static_cast<int>(number % 101));
    if (auto found = play_with_fast_path(run_of(descriptors), kernel, coverage)) {
      const Descriptors small = smallest(
          descriptors,
          [&](const Descriptors& fewer) {
            FastPathCoverage ignored;
            return play_with_fast_path(run_of(fewer), kernel, ignored).has_value();
          },
          2'000);
      FAIL() << "run " << number << ", " << *found << "; smallest:\n"
             << play_with_fast_path(run_of(small), kernel, coverage).value_or("none") << '\n'
             << scenario_text(run_of(small), std::nullopt);
    }
  }
  std::cout << to_string(coverage);
  EXPECT_GT(coverage.passed, wanted / 50);
  EXPECT_GT(coverage.refused, wanted / 500);
}

}  // namespace
}  // namespace vpcwall::property
