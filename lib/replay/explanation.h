// A request and its reply as one story: which gates each of them met, what decided, where it stopped.
//
// The reply is what the other side would send back if the request arrived: addresses and ports exchanged, a
// SYN-ACK for a SYN, an echo reply for an echo request. It is judged with the state that the request left,
// which is the whole point: a security group remembers, a network ACL does not.
//
// Nothing outside is changed: the story is played on a table of its own, into which live flows may be copied.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "engine/decision_json.h"
#include "engine/journey.h"
#include "engine/trace.h"

namespace vpcwall {

struct Leg {
  Packet packet;
  Decision decision;
  Trace trace;
};

struct Explanation {
  Leg request;
  std::optional<Leg> reply;  // none: the request was refused, so nobody answers

  [[nodiscard]] bool passes() const noexcept {
    return reply && reply->decision.verdict == Verdict::accept && request.decision.verdict == Verdict::accept;
  }
};

// The answer to `request`.
[[nodiscard]] Packet reply_to(const Packet& request) noexcept;

// `live` are flows that exist already and take part in the story. Request and
// reply happen at the same instant, `now`.
[[nodiscard]] Explanation explain(const CompiledPolicy& policy, std::span<const Flow> live,
                                  const Packet& request, const Journey& journey, TimePoint now);

// {"schema": "vpcwall/explain/1", "verdict": "pass" or "blocked", "request": {...}, "reply": {...} or null,
//  "blocked_at": {"gate", "direction", "rule"} or null, "sentence": "..."}
[[nodiscard]] nlohmann::ordered_json to_json(const Explanation& explanation, const CompiledPolicy& policy,
                                             const CounterSlots& slots);

// "tcp 203.0.113.12:40000 -> 10.0.1.10:443 [S]"
[[nodiscard]] std::string describe(const Packet& packet);

}  // namespace vpcwall
