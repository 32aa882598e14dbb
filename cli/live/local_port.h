// The place of a program on a host: packets sent pass the host's own OUTPUT hooks, packets received have
// passed its INPUT hooks. The counterpart of PacketPort, which stands on the wire.
//
// Made in the namespace of the calling thread. Failures of the system are std::system_error.
#pragma once

#include <chrono>
#include <span>

#include "cli/owned_descriptor.h"
#include "net/packet.h"

namespace vpcwall {

class LocalPort {
 public:
  // Receives packets of this family and protocol.
  LocalPort(Family family, Protocol protocol);

  // A whole packet, header included, to its destination.
  void send(const Packet& packet, std::span<const std::byte> bytes);
  // Whether a packet from `source` comes in until the deadline; others are passed over.
  [[nodiscard]] bool receives_from(const IpAddress& source, std::chrono::steady_clock::time_point deadline);

 private:
  Family family_;
  OwnedDescriptor sender_, receiver_;
};

}  // namespace vpcwall
