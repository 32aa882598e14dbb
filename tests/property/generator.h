// Runs at random, and ways to make one smaller.
//
// The same descriptors serve RapidCheck (any_run, which it shrinks when the property fails), the long run
// (random_run, smallest) and the fuzzer (descriptors_of). Repeatable: the same seed gives the same runs.
#pragma once

#include <rapidcheck.h>

#include <functional>
#include <random>

#include "property/descriptor.h"

namespace vpcwall::property {

// `size` from 0 to 100: how long the run is. At 100 some 300 packets.
[[nodiscard]] Descriptors random_run(std::mt19937_64& random, int size);

[[nodiscard]] rc::Gen<Descriptors> any_run();

// A smaller run that still fails, of which no smaller one was found that does; tries at most `attempts`.
[[nodiscard]] Descriptors smallest(const Descriptors& failing,
                                   const std::function<bool(const Descriptors&)>& fails,
                                   std::size_t attempts);

}  // namespace vpcwall::property
