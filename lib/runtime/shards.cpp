#include "runtime/shards.h"

#include "engine/flow_identity.h"
#include "runtime/queued_journey.h"

namespace vpcwall {

bool related_elsewhere(const CompiledPolicy& policy, const Shards& shards, std::size_t own,
                       const Packet& packet, const QueuedPacket& queued, TimePoint now) {
  if (!packet.quoted) return false;
  const Journey journey = journey_of(policy, packet, queued);
  const auto tracked = [&](InterfaceIndex side, Direction direction) {
    if (side == no_interface) return false;
    const auto key = quoted_flow_key(packet, direction, policy.interfaces[side].number);
    for (std::size_t i = 0; key && i < shards.size(); ++i)
      if (shards[i].read([&](const Shard& shard) {
            return i == own ? shard.awaits(*key, now) : shard.tracks(*key, now);
          }))
        return true;
    return false;
  };
  return tracked(journey.leaves, Direction::egress) || tracked(journey.enters, Direction::ingress);
}

}  // namespace vpcwall
