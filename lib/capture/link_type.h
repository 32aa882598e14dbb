// What stands in front of the IP packets of a capture. The values are the numbers that capture files carry
// (LINKTYPE_… of the tcpdump project's registry).
//
// Only the types that this project reads; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vpcwall {

enum class LinkType : std::uint16_t {
  null = 0,  // BSD loopback: the address family, in the byte order of the machine that captured
  ethernet = 1,
  raw = 101,   // the IP packet itself, of either family
  loop = 108,  // OpenBSD loopback: the address family in network order
  linux_cooked = 113,
  ipv4 = 228,
  ipv6 = 229,
  linux_cooked_v2 = 276,
};

// From such a number, or from what libpcap calls the type in memory: raw IP has a number of its own there,
// and not the same one on every system.
[[nodiscard]] std::optional<LinkType> find_link_type(int number) noexcept;

[[nodiscard]] std::string_view to_string(LinkType type) noexcept;  // "Ethernet", "Linux cooked v2"

}  // namespace vpcwall
