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
      journey.forget_leaving();
      // What comes by the device of a host's own interface comes from beyond its link, and not from the
      // interface.
      journey.origin = policy.place_of(queued.in_device).origin;
      if (journey.origin == Origin::interface) journey.origin = Origin::unknown;
      break;
    case HookPoint::local_out:
      journey = find_journey(policy, packet, {queued.out_device, 0});
      journey.forget_entering();
      journey.origin =
          policy.interface_on(queued.out_device) != no_interface ? Origin::interface : Origin::host;
      break;
  }
  return journey;
}

}  // namespace vpcwall
