// Does what reach and diff say hold for every packet of the small space?
//
// Each packet is asked about by itself, on a shard (and a twin) that remembers nothing: nothing here knows
// how lib/reach cuts traffic into parts. A difference comes back as one line for people; nothing means that
// all agree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "brute_force/small_policy.h"

namespace vpcwall::brute_force {

struct Tally {
  std::uint64_t packets = 0;   // requests asked about
  std::uint64_t reached = 0;   // that arrived
  std::uint64_t answered = 0;  // whose reply arrived
  std::uint64_t changed = 0;   // whose verdict or connection two policies differ in
  std::uint64_t lines = 0;     // that were held against them
  std::uint64_t cut = 0;       // connections cut by a change
  std::uint64_t cut_only = 0;  // of those: where a new connection works as before
};

// With the engine and the twin.
[[nodiscard]] std::optional<std::string> compare_reach(const Policy& policy, PortSpace ports, Tally& tally);

// With the engine.
[[nodiscard]] std::optional<std::string> compare_difference(const Policy& before, const Policy& after,
                                                            PortSpace ports, Tally& tally);

// Policy number `number` of `seed` and a changed copy of it: both comparisons.
[[nodiscard]] std::optional<std::string> compare_numbered(std::uint64_t seed, std::uint64_t number,
                                                          Tally& reach, Tally& difference);

}  // namespace vpcwall::brute_force
