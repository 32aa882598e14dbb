// The shards of all workers, and what one worker may ask those of the others.
//
// A worker holds the lock of one shard at a time, so it asks before it locks its own.
#pragma once

#include <cstddef>
#include <deque>

#include "engine/shard.h"
#include "runtime/guarded.h"
#include "runtime/packet_queue.h"

namespace vpcwall {

using Shards = std::deque<Guarded<Shard>>;

// Whether the packet is an ICMP error about a flow that is not in the shard `own`, but tracked: by another
// one, for the kernel may hand an error to another worker than the flow it quotes, or waiting for whoever
// gets its next packet.
[[nodiscard]] bool related_elsewhere(const CompiledPolicy& policy, const Shards& shards, std::size_t own,
                                     const Packet& packet, const QueuedPacket& queued, TimePoint now);

}  // namespace vpcwall
