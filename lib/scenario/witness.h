// A packet that tells two policies apart: what a case would have to send to notice a mutation.
//
// Looked for among packets at the borders of what rules say: the ports, addresses, protocols and ICMP types
// at which some rule begins or ends, narrowed to what the mutated rule speaks of, each alone and as the reply
// to a packet at the borders of the opposite direction. Both policies judge every one of them, by evaluate().
// That nothing is found is no proof; usually another gate decides first whatever the rule says.
// Bounded by `max_probes`. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "scenario/outcome.h"
#include "scenario/policy_mutation.h"

namespace vpcwall {

inline constexpr std::size_t max_probes = 10'000;

struct WitnessStep {
  Packet packet;
  Direction direction = Direction::ingress;  // ingress: it arrives at the interface
  SeenPacket seen;                           // what the policy says of it
};

// The last step is the packet that tells; a step before it opens the flow that it answers.
struct Witness {
  std::string interface;  // name; the one side that the packets meet
  std::vector<WitnessStep> steps;
  SeenPacket mutated;  // what the mutated policy says of the last
};

[[nodiscard]] std::optional<Witness> find_witness(const Policy& policy, const Policy& mutated,
                                                  const Mutation& mutation);

// Each step as a line of a scenario file, `{packet: …, arriving: …, expect: […], verdict: …}`: a case with
// these steps passes, and notices the mutation.
[[nodiscard]] std::vector<std::string> step_texts(const Witness& witness);

}  // namespace vpcwall
