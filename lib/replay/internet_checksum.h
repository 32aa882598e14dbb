// The checksum of IP, ICMP, TCP and UDP (RFC 1071), over all of `bytes`: the checksum when its own place
// holds zeros, 0 when a right one stands there. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vpcwall {

[[nodiscard]] inline std::uint16_t internet_checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += std::to_integer<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace vpcwall
