// What `observe` is asked for:
//
//   {"verb": "observe", "filter": {...}, "fast_path": "flows", "explain": false, "count": 100,
//    "repeats_every": 10}
//
// "filter" as in observe/decision_filter.h. "count" ends the observation after so many events; without it,
// it goes on until the asker closes its sending half of the connection. Then the daemon tells what is left
// to be told, ends with {"event": "end", ...} and closes. Shared by the daemon and the command.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "observe/decision_filter.h"

namespace vpcwall {

// What the kernel's fast path goes on answering by itself while somebody observes.
enum class FastPathUse : std::uint8_t {
  on,     // flows that pass and refusals: what repeats them is not told
  flows,  // flows that pass: every refusal is a decision
  off,    // nothing: every packet is a decision
};
[[nodiscard]] std::string_view to_string(FastPathUse use) noexcept;

struct ObserveRequest {
  DecisionFilter filter;
  FastPathUse fast_path = FastPathUse::flows;
  bool explain = false;              // each event of a dropped packet carries its explanation
  std::uint64_t count = 0;           // 0: no end
  std::uint64_t repeats_every = 10;  // seconds between two looks for repeats
};

inline constexpr std::uint64_t longest_repeats_every = 86'400;

// The error is a sentence for the sender.
[[nodiscard]] Expected<ObserveRequest, std::string> read_observe_request(const nlohmann::json& arguments);

}  // namespace vpcwall
