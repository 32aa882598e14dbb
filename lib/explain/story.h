// A request and its reply as one story: which gates each of them met, what decided, where it stopped.
//
// The reply is what the other side would send back if the request arrived: addresses and ports exchanged, a
// SYN-ACK for a SYN, an echo reply for an echo request. It is judged with the state that the request left,
// which is the whole point: a security group remembers, a network ACL does not.
//
// Nothing outside is changed: the story is played on a table of its own, into which live flows are copied.
// One thread per StoryTeller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/journey.h"
#include "engine/trace.h"
#include "flow/flow_allowance.h"

namespace vpcwall {

// What the world looks like at the moment of the story. All empty: nothing has happened yet.
struct Circumstances {
  struct Held {
    InterfaceNumber interface = 0;
    std::uint32_t flows = 0;
  };
  std::vector<Flow> live;  // flows that exist and take part in the story
  std::vector<Held> held;  // how many flows interfaces hold (C-60)
  TimePoint now{};         // of the request and of the reply
};

struct Leg {
  Packet packet;
  Journey journey;
  Decision decision;
  Trace trace;

  [[nodiscard]] bool passes() const noexcept { return decision.verdict == Verdict::accept; }
};

struct Story {
  Leg request;
  std::optional<Leg> reply;  // none: the request was refused, or nobody answers a message of its kind

  [[nodiscard]] bool passes() const noexcept { return request.passes() && (!reply || reply->passes()); }
  // The leg that was refused, or null.
  [[nodiscard]] const Leg* refused() const noexcept {
    if (passes()) return nullptr;
    return request.passes() ? &*reply : &request;
  }
};

// The answer to `request`.
[[nodiscard]] Packet reply_to(const Packet& request) noexcept;
// Whether anything comes back: nobody answers a reset, nor an ICMP message that is no query (C-48).
[[nodiscard]] bool is_answered(const Packet& request) noexcept;

class StoryTeller {
 public:
  explicit StoryTeller(Circumstances circumstances);
  [[nodiscard]] Story tell(const CompiledPolicy& policy, const Packet& request, const Journey& journey) const;

 private:
  Circumstances circumstances_;
  FlowAllowance allowance_;
};

// "tcp 203.0.113.12:40000 -> 10.0.1.10:443 [S]"
[[nodiscard]] std::string describe(const Packet& packet);

}  // namespace vpcwall
