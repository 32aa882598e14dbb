// What one message of the kernel's queue says of a packet (NFQNL_MSG_PACKET). A function of the message
// alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "runtime/packet_queue.h"

struct nlmsghdr;

namespace vpcwall {

// Anything of an unexpected size counts as absent.
struct PacketMessage {
  std::optional<std::uint32_t> id;
  std::optional<HookPoint> hook;
  std::span<const std::byte> payload;  // in the message
  std::uint32_t whole_length = 0;      // bytes
  std::uint32_t in_device = 0;
  std::uint32_t out_device = 0;
};

// The message must be whole, as its header says.
[[nodiscard]] PacketMessage read_packet_message(const nlmsghdr* message) noexcept;

}  // namespace vpcwall
