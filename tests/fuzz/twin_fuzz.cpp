// Any bytes as a policy and what happens under it: engine and twin must say the same at every gate.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <span>

#include "property/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall::property;
  constexpr std::size_t longest = 4096;  // 256 descriptors: more make a run slower, not stranger
  const Run run = run_of(descriptors_of({data, std::min(size, longest)}));
  Coverage coverage;
  const auto failure = play(run, coverage);
  if (!failure) return 0;
  std::cerr << report(run, *failure);
  std::abort();
}
