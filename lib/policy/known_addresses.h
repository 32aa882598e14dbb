// What a policy says about an address by itself: whose it is, in which subnet it lies, whether traffic with
// it is exempt, whether it is always tracked.
//
//   const KnownAddresses known({{make_prefix(address, 32), 3}}, {{subnet_range, 0}}, exempt, auto_tracked);
//   const AddressFacts facts = known.find(address);      // one search, whatever of it is needed
//
// Every packet is asked about for both of its ends, so all that is known of an address stands in one place.
// Facts: D-4, S-42 (owners), O-20 (subnets), E-7 to E-18 (exempt), C-18, C-19 (always tracked). Immutable
// after construction; any number of threads may ask.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "net/address.h"
#include "policy/prefix_map.h"

namespace vpcwall {

// Position in CompiledPolicy::interfaces; changes with every reload.
using InterfaceIndex = std::uint16_t;
inline constexpr InterfaceIndex no_interface = 0xffff;
// Position in CompiledPolicy::subnets.
using SubnetIndex = std::uint16_t;
inline constexpr SubnetIndex no_subnet = 0xffff;

// One word, so that it travels in a register. An address has an owner or a subnet, never both: the subnet of
// an interface is CompiledInterface::subnet.
class AddressFacts {
 public:
  constexpr AddressFacts() = default;
  constexpr AddressFacts(InterfaceIndex owner, bool exempt, bool auto_tracked) noexcept
      : word_(owner | flags(exempt, auto_tracked)) {}
  // An address of this subnet that no interface has (O-20).
  [[nodiscard]] static constexpr AddressFacts unlisted(SubnetIndex subnet, bool exempt,
                                                       bool auto_tracked) noexcept {
    AddressFacts facts;
    if (subnet != no_subnet) facts.word_ = subnet | unlisted_bit;
    facts.word_ |= flags(exempt, auto_tracked);
    return facts;
  }

  // no_interface: no interface has the address.
  [[nodiscard]] constexpr InterfaceIndex owner() const noexcept {
    return static_cast<InterfaceIndex>(is_unlisted() ? no_interface : word_);
  }
  // The subnet whose range holds the address, where no interface has it; else no_subnet.
  [[nodiscard]] constexpr SubnetIndex subnet() const noexcept {
    return static_cast<SubnetIndex>(is_unlisted() ? word_ : no_subnet);
  }
  [[nodiscard]] constexpr bool exempt() const noexcept { return (word_ & exempt_bit) != 0; }
  [[nodiscard]] constexpr bool auto_tracked() const noexcept { return (word_ & auto_tracked_bit) != 0; }
  friend bool operator==(const AddressFacts&, const AddressFacts&) = default;

 private:
  friend class KnownAddresses;
  friend class Ends;
  static constexpr std::uint32_t exempt_bit = 1U << 16U, auto_tracked_bit = 1U << 17U,
                                 unlisted_bit = 1U << 18U;

  [[nodiscard]] static constexpr std::uint32_t flags(bool exempt, bool auto_tracked) noexcept {
    return (exempt ? exempt_bit : 0U) | (auto_tracked ? auto_tracked_bit : 0U);
  }
  [[nodiscard]] constexpr bool is_unlisted() const noexcept { return (word_ & unlisted_bit) != 0; }

  std::uint32_t word_ = no_interface;  // or a subnet, with unlisted_bit; never PrefixMap::none
};

// What is known of both addresses of a packet; in one word for the same reason: two stores that are read back
// as one are waited for.
class Ends {
 public:
  constexpr Ends() = default;  // not looked up
  constexpr Ends(AddressFacts source, AddressFacts destination) noexcept
      : word_(looked_up_bit | std::uint64_t{destination.word_} << 32U | source.word_) {}

  [[nodiscard]] constexpr bool looked_up() const noexcept { return (word_ & looked_up_bit) != 0; }
  [[nodiscard]] constexpr AddressFacts source() const noexcept {
    return facts(static_cast<std::uint32_t>(word_));
  }
  [[nodiscard]] constexpr AddressFacts destination() const noexcept {
    return facts(static_cast<std::uint32_t>((word_ & ~looked_up_bit) >> 32U));
  }
  friend bool operator==(const Ends&, const Ends&) = default;

 private:
  [[nodiscard]] static constexpr AddressFacts facts(std::uint32_t word) noexcept {
    AddressFacts facts;
    facts.word_ = word;
    return facts;
  }
  static constexpr std::uint64_t looked_up_bit = std::uint64_t{1} << 63U;  // facts have no such bit

  std::uint64_t word_ = 0;
};

class KnownAddresses {
 public:
  using Owned = std::pair<Prefix, InterfaceIndex>;
  using SubnetRange = std::pair<Prefix, SubnetIndex>;

  KnownAddresses() = default;
  // No two of `owned` overlap, and no two of `subnets`; the others may.
  KnownAddresses(std::span<const Owned> owned, std::span<const SubnetRange> subnets,
                 std::span<const Prefix> exempt, std::span<const Prefix> auto_tracked);

  [[nodiscard]] AddressFacts find(const IpAddress& address) const noexcept {
    const std::uint32_t word = words_[static_cast<std::size_t>(address.family)].find(address);
    AddressFacts facts;
    if (word != PrefixMap::none) facts.word_ = word;
    return facts;
  }

 private:
  std::array<PrefixMap, 2> words_;  // by Family
};

}  // namespace vpcwall
