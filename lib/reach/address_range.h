// Addresses from one to another, inclusive at both ends: what is left of a network when others are taken out.
// Values; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"

namespace vpcwall {

struct AddressRange {
  IpAddress first, last;  // of one family

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    return address.family == first.family && first <= address && address <= last;
  }
  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

// The address after this one; nothing after the last of the family.
[[nodiscard]] std::optional<IpAddress> next(const IpAddress& address) noexcept;

[[nodiscard]] bool contains(std::span<const AddressRange> ranges, const IpAddress& address) noexcept;

// Ranges in any order -> ascending, those that touch as one. They must not overlap.
[[nodiscard]] std::vector<AddressRange> joined(std::vector<AddressRange> ranges);

// "10.0.1.10", "10.0.1.0/24" where the range is a whole prefix, otherwise "10.0.1.4-10.0.1.9".
[[nodiscard]] std::string to_string(const AddressRange& range);

}  // namespace vpcwall
