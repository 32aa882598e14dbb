#include "twin/address.h"

#include <optional>

namespace vpcwall::twin {
namespace {

bool lies_in(const IpAddress& address, const char* range) {
  return twin::lies_in(address, parse_prefix(range).value());
}

void append_bits(std::string& bits, std::uint64_t word) {
  for (int bit = 63; bit >= 0; --bit) bits += ((word >> static_cast<unsigned>(bit)) & 1U) != 0 ? '1' : '0';
}

}  // namespace

std::string bits_of(const IpAddress& address) {
  std::string bits;
  append_bits(bits, address.high);
  append_bits(bits, address.low);
  return bits.substr(0, address.family == Family::ipv4 ? 32 : 128);
}

bool lies_in(const IpAddress& address, const Prefix& prefix) {
  if (address.family != prefix.base.family) return false;
  return bits_of(address).substr(0, prefix.length) == bits_of(prefix.base).substr(0, prefix.length);
}

bool is_loopback(const IpAddress& address) {
  return lies_in(address, "127.0.0.0/8") || lies_in(address, "::1/128");
}

bool is_link_local_ipv6(const IpAddress& address) { return lies_in(address, "fe80::/10"); }

bool is_multicast(const IpAddress& address) {
  return lies_in(address, "224.0.0.0/4") || lies_in(address, "ff00::/8");
}

bool belongs_to(const IpAddress& address, const Interface& interface) {
  for (const Prefix& own : interface.addresses)
    if (lies_in(address, own)) return true;
  return false;
}

bool lies_in(const IpAddress& address, const Subnet& subnet) {
  if (subnet.cidr && lies_in(address, *subnet.cidr)) return true;
  return subnet.ipv6_cidr && lies_in(address, *subnet.ipv6_cidr);
}

}  // namespace vpcwall::twin
