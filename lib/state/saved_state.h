// Flows and counters of a process, free of everything that only that process knew, and as bytes.
//
//   const std::string bytes = encode(state);
//   const auto state = decode(bytes);          // the error says what is wrong with them
//
// Interfaces are named by id, rules by identity: numbers and slots are another process's in the next one.
// Times count from the boot, so with them goes which boot that was. Bytes of another version, or whose
// content is not possible, are refused as a whole; what damaged them is for a digest around them to find. Any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "engine/counters.h"
#include "flow/flow_table.h"
#include "policy/counter_slots.h"

namespace vpcwall {

struct SavedState {
  struct Rule {
    RuleIdentity identity;
    std::string owner_name;
    Count count;
  };
  struct Gates {
    Gate gate = Gate::exempt;
    Outcome outcome = Outcome::allow;
    Count count;
  };
  template <class Which>
  struct Counted {
    Which which{};
    Count count;
  };

  std::string id;               // of this state, and of no other one; empty: of an older version
  std::uint64_t policy = 0;     // number of the policy that was in force (daemon/state/policy_chain.h)
  std::string boot;             // which boot the times count from
  TimePoint saved_at;           // since that boot
  std::int64_t saved_unix = 0;  // the same moment in nanoseconds since 1970
  std::vector<std::string> interfaces;  // ids; Flow::key.interface is an index of it
  std::vector<Rule> rules;              // Flow::opened_by is an index of it, or Flow::nobody
  std::vector<Gates> gates;
  std::vector<Counted<Reason>> reasons;
  std::vector<Counted<ParseError>> parse_errors;
  std::vector<Flow> flows;
};

[[nodiscard]] std::string encode(const SavedState& state);
[[nodiscard]] Expected<SavedState, std::string> decode(std::string_view bytes);

// Moves every time by `by`: to the clock of another boot.
void shift(SavedState& state, Duration by);

}  // namespace vpcwall
