// A capture played through a policy: every packet judged, with the flows that the packets before it left
// behind, at the time that the capture says.
//
//   CaptureReplay replay(policy);
//   const std::optional<Decision> decision = replay.judge(arrivals.next(frame));
//
// Whose gates a packet meets follows from its addresses, as in a VPC where every packet is seen once. For a
// capture that was taken at one interface, watch() keeps to that interface's gates.
//
// Two policies are compared by two of these that are told the same arrivals: each keeps flows of its own. One
// thread.
#pragma once

#include <array>
#include <optional>

#include "policy/policy.h"
#include "replay/arrivals.h"
#include "replay/conversations.h"
#include "replay/simulation.h"

namespace vpcwall {

class CaptureReplay {
 public:
  // More flows than a busy interface may have (C-58), so that AWS's own limit is the one that is met.
  static constexpr std::size_t flow_capacity = std::size_t{1} << 20U;

  explicit CaptureReplay(const Policy& policy) : simulation_(policy, flow_capacity) {}

  // Only the gates of the interface of that name or id. Without a direction they are those of the way out for
  // packets from one of its addresses, and those of the way in for packets to one. False: there is no such
  // interface.
  [[nodiscard]] bool watch(std::string_view interface, std::optional<Direction> direction);

  // What becomes of the arrival; nothing for one that is not judged. Arrivals must come in order.
  std::optional<Decision> judge(const Arrival& arrival);
  // The conversation of the packet that was judged last; null for a damaged one.
  [[nodiscard]] Conversation* conversation() noexcept { return conversation_; }

  [[nodiscard]] std::uint64_t count(Arrival::Kind kind) const noexcept {
    return kinds_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] const Conversations& conversations() const noexcept { return conversations_; }
  [[nodiscard]] const Simulation& simulation() const noexcept { return simulation_; }

 private:
  [[nodiscard]] Journey journey(const Packet& packet) const;
  [[nodiscard]] Decision judge_packet(const Arrival& arrival);

  Simulation simulation_;
  InterfaceIndex watched_ = no_interface;
  std::optional<Direction> direction_;
  Conversations conversations_;
  Conversation* conversation_ = nullptr;
  std::array<std::uint64_t, Arrival::kinds> kinds_{};
  std::uint64_t accepted_ = 0, dropped_ = 0;
};

}  // namespace vpcwall
