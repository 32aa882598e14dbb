// A window on the wire: whole IP packets out of and into one device, past the host's own stack.
//
// Made in the namespace of the calling thread, where the device is; usable from any thread afterwards, one at
// a time. Failures of the system are std::system_error.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/owned_descriptor.h"
#include "replay/packet_bytes.h"

namespace vpcwall {

using MacAddress = std::array<std::uint8_t, 6>;
// "02:76:77:00:00:01"; throws std::invalid_argument for anything else.
[[nodiscard]] MacAddress parse_mac(const std::string& text);

class PacketPort {
 public:
  // What is sent goes to the neighbour `peer`.
  PacketPort(const std::string& device, const MacAddress& peer);

  void send(std::span<const std::byte> packet);
  // The next packet that came in, or nothing at the deadline.
  [[nodiscard]] std::optional<PacketBytes> receive(std::chrono::steady_clock::time_point deadline);
  // Forgets what came in and was not asked for.
  void drain();

 private:
  OwnedDescriptor socket_;
  int device_ = 0;
  MacAddress peer_{};
};

}  // namespace vpcwall
