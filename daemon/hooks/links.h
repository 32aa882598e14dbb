// The network devices of this namespace, as the kernel tells of them: which one is on top of which.
//
// Throws std::system_error when the kernel does not answer. Any thread; of the calling thread's namespace.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "net/mac_address.h"

namespace vpcwall {

struct Link {
  std::string name;
  std::string kind;      // "veth", "bridge", "macvlan", …; empty: hardware
  MacAddress address{};  // of an Ethernet device
  bool is_ethernet = false;
  std::uint32_t master = 0;  // what it is a port or slave of
  std::uint32_t parent = 0;  // the device below it, if that is here
};

using Links = std::map<std::uint32_t, Link>;  // by the kernel's number

[[nodiscard]] Links read_links();
// Devices that receive for further addresses: other devices are on top of them, here or in other namespaces.
[[nodiscard]] std::set<std::uint32_t> links_with_further_addresses(const Links& links);

}  // namespace vpcwall
