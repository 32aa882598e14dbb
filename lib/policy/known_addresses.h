// What a policy says about an address by itself: whose it is, whether traffic with it is exempt, whether it
// is always tracked.
//
//   const KnownAddresses known({{make_prefix(address, 32), 3}}, exempt, auto_tracked);
//   const AddressFacts facts = known.find(address);      // one search, whatever of it is needed
//
// Every packet is asked about for both of its ends, so all that is known of an address stands in one place.
// Facts: D-4, S-42 (owners), E-7 to E-18 (exempt), C-18, C-19 (always tracked). Immutable after construction;
// any number of threads may ask.
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

// One word, so that it travels in a register.
class AddressFacts {
 public:
  constexpr AddressFacts() = default;
  constexpr AddressFacts(InterfaceIndex owner, bool exempt, bool auto_tracked) noexcept
      : word_(owner | (exempt ? exempt_bit : 0U) | (auto_tracked ? auto_tracked_bit : 0U)) {}

  // no_interface: nobody's.
  [[nodiscard]] constexpr InterfaceIndex owner() const noexcept { return static_cast<InterfaceIndex>(word_); }
  [[nodiscard]] constexpr bool exempt() const noexcept { return (word_ & exempt_bit) != 0; }
  [[nodiscard]] constexpr bool auto_tracked() const noexcept { return (word_ & auto_tracked_bit) != 0; }
  friend bool operator==(const AddressFacts&, const AddressFacts&) = default;

 private:
  friend class KnownAddresses;
  friend class Ends;
  static constexpr std::uint32_t exempt_bit = 1U << 16U, auto_tracked_bit = 1U << 17U;

  std::uint32_t word_ = no_interface;  // never PrefixMap::none
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

  KnownAddresses() = default;
  // No two of `owned` overlap; the others may.
  KnownAddresses(std::span<const Owned> owned, std::span<const Prefix> exempt,
                 std::span<const Prefix> auto_tracked);

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
