// One decision as those who watch remember it. A value; the policy that it holds explains its indices and
// slots, also after the next reload.
#pragma once

#include <cstdint>
#include <memory>

#include "base/expected.h"
#include "base/time.h"
#include "engine/decision.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct Event {
  std::uint64_t sequence = 0;
  TimePoint at;                                  // what the worker's clock said
  Expected<Packet, ParseError> packet;           // what could not be parsed was dropped for that
  Decision decision;                             // its indices and slots are those of `policy`
  std::shared_ptr<const CompiledPolicy> policy;  // that it was decided under
};

}  // namespace vpcwall
