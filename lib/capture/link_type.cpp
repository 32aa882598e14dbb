#include "capture/link_type.h"

namespace vpcwall {

std::optional<LinkType> find_link_type(int number) noexcept {
  switch (number) {
    case 0: return LinkType::null;
    case 1: return LinkType::ethernet;
    case 12:  // DLT_RAW of most systems
    case 14:  // DLT_RAW of OpenBSD
    case 101: return LinkType::raw;
    case 108: return LinkType::loop;
    case 113: return LinkType::linux_cooked;
    case 228: return LinkType::ipv4;
    case 229: return LinkType::ipv6;
    case 276: return LinkType::linux_cooked_v2;
    default: return std::nullopt;
  }
}

std::string_view to_string(LinkType type) noexcept {
  switch (type) {
    case LinkType::null: return "BSD loopback";
    case LinkType::ethernet: return "Ethernet";
    case LinkType::raw: return "raw IP";
    case LinkType::loop: return "OpenBSD loopback";
    case LinkType::linux_cooked: return "Linux cooked v1";
    case LinkType::ipv4: return "raw IPv4";
    case LinkType::ipv6: return "raw IPv6";
    case LinkType::linux_cooked_v2: return "Linux cooked v2";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall
