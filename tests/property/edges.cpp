#include "property/edges.h"

#include <string_view>
#include <vector>

namespace vpcwall::property {
namespace {

std::vector<Prefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<Prefix> all;
  for (const std::string_view text : texts) all.push_back(*parse_prefix(text));
  return all;
}

std::vector<IpAddress> addresses(std::initializer_list<std::string_view> texts) {
  std::vector<IpAddress> all;
  for (const std::string_view text : texts) all.push_back(*parse_address(text));
  return all;
}

IpAddress next(IpAddress address) noexcept {
  if (address.family == Family::ipv4) {
    address.high += std::uint64_t{1} << 32U;
  } else if (++address.low == 0) {
    ++address.high;
  }
  return address;
}

IpAddress previous(IpAddress address) noexcept {
  if (address.family == Family::ipv4) {
    address.high -= std::uint64_t{1} << 32U;
  } else if (address.low-- == 0) {
    --address.high;
  }
  return address;
}

}  // namespace

std::span<const Prefix> edge_prefixes(Family family) noexcept {
  // The open one stands first and again: it is what makes flows untracked (C-8, C-13).
  static const std::vector<Prefix> four = prefixes(
      {"0.0.0.0/0",       "203.0.113.0/24",     "10.0.0.0/16",     "10.0.0.0/24",      "10.0.1.0/24",
       "203.0.113.12/32", "0.0.0.0/0",          "0.0.0.0/1",       "128.0.0.0/1",      "10.0.0.4/32",
       "10.0.0.5/32",     "203.0.113.12/30",    "203.0.112.0/22",  "203.0.113.128/25", "10.1.0.0/24",
       "10.0.0.0/8",      "0.0.0.0/0",          "198.51.100.0/24", "224.0.0.0/4",      "169.254.0.0/16",
       "0.0.0.0/32",      "255.255.255.255/32", "10.0.0.64/28",    "10.0.0.0/22",      "203.0.113.14/31"});
  static const std::vector<Prefix> six = prefixes({"::/0",
                                                   "2001:db8:9::/48",
                                                   "2001:db8:1234:1a00::/56",
                                                   "2001:db8:1234:1a00::/64",
                                                   "2001:db8:1234:1a01::/64",
                                                   "2001:db8:9::12/128",
                                                   "::/0",
                                                   "::/1",
                                                   "8000::/1",
                                                   "2001:db8:1234:1a00::4/128",
                                                   "2001:db8:1234:1a00::5/128",
                                                   "2001:db8:9::10/126",
                                                   "2001:db8:8::/47",
                                                   "2001:db8:9:8000::/49",
                                                   "2001:db8:4321:1a02::/64",
                                                   "2001:db8::/32",
                                                   "::/0",
                                                   "2001:db8:a::/48",
                                                   "ff00::/8",
                                                   "fe80::/10",
                                                   "::/128",
                                                   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
                                                   "2001:db8:1234:1a00:1::/80",
                                                   "fd00:ec2::/32",
                                                   "2001:db8:9::12/127"});
  return family == Family::ipv4 ? four : six;
}

std::span<const IpAddress> edge_addresses(Family family) noexcept {
  static const std::vector<IpAddress> four = addresses(
      {"203.0.113.12", "203.0.113.13", "198.51.100.7", "8.8.8.8",
       // E-7 to E-12, and their neighbours (E-22)
       "169.254.169.253", "169.254.169.254", "169.254.169.123", "169.254.170.2", "169.254.169.250",
       "169.254.169.251", "169.254.169.252", "169.254.169.249", "169.254.170.1", "169.254.169.124",
       // E-14, E-17, E-18: reserved addresses, of which only the routers and one resolver are exempt
       "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.255", "10.0.1.0", "10.0.1.1", "10.0.1.2",
       "10.0.1.3", "10.0.1.255", "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.0.0.200", "10.0.1.200",
       // loopback, multicast, limited broadcast and their neighbours
       "127.0.0.1", "127.255.255.255", "128.0.0.0", "126.255.255.255", "224.0.0.1", "223.255.255.255",
       "239.255.255.255", "240.0.0.0", "255.255.255.255", "0.0.0.0"});
  static const std::vector<IpAddress> six = addresses(
      {"2001:db8:9::12", "2001:db8:9::13", "2001:db8:a::7", "2606:4700::1111",
       // E-7 to E-9, E-13, and their neighbours (E-22)
       "fd00:ec2::253", "fd00:ec2::254", "fd00:ec2::123", "fd00:ec2::252", "fd00:ec2::255", "fd00:ec2::124",
       "fe80:ec2::1", "fe80:ec2::2", "fe80::41a:2bff:fe3c:4d5e", "fe80::41a:2bff:fe3c:4d5f", "fe80::1",
       "fe80::2",
       // E-17
       "2001:db8:1234:1a00::", "2001:db8:1234:1a00::1", "2001:db8:1234:1a00::2", "2001:db8:1234:1a00::3",
       "2001:db8:1234:1a01::1", "2001:db8:1234:1a01::2", "2001:db8:1234:1a00:ffff:ffff:ffff:ffff",
       "2001:db8:4321:1a02::1", "2001:db8:4321:1a02::2", "2001:db8:1234:1a00::200",
       // loopback, link-local and multicast ranges and their neighbours
       "::1", "::2", "::", "ff02::1", "ff02::1:2", "ff02::16", "feff:ffff::1", "febf:ffff::1", "fec0::1",
       "fe7f:ffff::1", "ffff::1"});
  return family == Family::ipv4 ? four : six;
}

IpAddress edge_of(const Prefix& prefix, unsigned which) noexcept {
  switch (which % 6) {
    case 1: return prefix.last();
    case 2: return prefix.contains(next(prefix.base)) ? next(prefix.base) : prefix.base;
    case 3: return previous(prefix.base);
    case 4: return next(prefix.last());
    default: return prefix.base;
  }
}

std::uint16_t beside(std::uint16_t port, unsigned which) noexcept {
  constexpr std::array<unsigned, 3> steps{0, 1, 65535};
  return static_cast<std::uint16_t>(port + steps.at(which % steps.size()));
}

}  // namespace vpcwall::property
