// Where a packet came from, as far as the kernel and the settings can tell: what its source address may be
// depends on it (D-1 to D-6, E-16, E-17).
#pragma once

#include <cstdint>
#include <string_view>

namespace vpcwall {

enum class Origin : std::uint8_t {
  believed,   // no device is known: it comes from where its source belongs
  unknown,    // a device that the settings say nothing about
  interface,  // the device of the guarded interface that it leaves
  uplink,     // a device beyond which no address of the policy is
  services,   // a device beyond which the resolver, instance metadata and the router are
  host,       // the routing host itself
};

[[nodiscard]] constexpr std::string_view to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::believed: return "believed";
    case Origin::unknown: return "unknown";
    case Origin::interface: return "interface";
    case Origin::uplink: return "uplink";
    case Origin::services: return "services";
    case Origin::host: return "host";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall
