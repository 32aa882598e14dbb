// Which guarded interfaces take part in the journey of a packet that came out of a queue: what its hook and
// its devices mean. Pure; any thread.
#pragma once

#include "engine/journey.h"
#include "runtime/packet_queue.h"

namespace vpcwall {

// A router sees both interfaces of a packet; a host sees its own side only, the other was judged elsewhere.
// Here because every packet comes this way.
[[nodiscard]] inline Journey journey_of(const CompiledPolicy& policy, const Packet& packet,
                                        const QueuedPacket& queued) noexcept {
  Journey journey = find_journey(policy, packet, {queued.in_device, queued.out_device});
  switch (queued.hook) {
    case HookPoint::forward: break;
    case HookPoint::local_in:
      journey = find_journey(policy, packet, {0, queued.in_device});
      journey.leaves = no_interface;
      journey.leaves_subnet = no_subnet;
      break;
    case HookPoint::local_out:
      journey = find_journey(policy, packet, {queued.out_device, 0});
      journey.enters = no_interface;
      journey.enters_subnet = no_subnet;
      break;
  }
  return journey;
}

}  // namespace vpcwall
