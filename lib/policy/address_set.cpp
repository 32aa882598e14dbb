#include "policy/address_set.h"

#include <algorithm>
#include <tuple>

namespace vpcwall {
namespace {

constexpr std::size_t large_set = 1024;  // prefixes from which on 512 KiB of starts are worth their memory
constexpr unsigned first_bits = 16;

std::size_t first_bits_of(const IpAddress& address) noexcept { return address.high >> (64U - first_bits); }

bool before(const IpAddress& a, const IpAddress& b) noexcept {
  return std::tie(a.family, a.high, a.low) < std::tie(b.family, b.high, b.low);
}

// The last prefix of [begin, end) whose base is not behind `address`, if there is one before `end` at all.
bool last_one_holds(const Prefix* first, const Prefix* begin, const Prefix* end,
                    const IpAddress& address) noexcept {
  const Prefix* after = std::upper_bound(
      begin, end, address, [](const IpAddress& a, const Prefix& prefix) { return before(a, prefix.base); });
  return after != first && std::prev(after)->contains(address);
}

}  // namespace

AddressSet::AddressSet(std::span<const Prefix> prefixes) {
  std::vector<Prefix> sorted(prefixes.begin(), prefixes.end());
  for (const Prefix& prefix : sorted)
    if (prefix.is_open()) (prefix.base.family == Family::ipv4 ? open4_ : open6_) = true;
  // Of those that begin alike the widest comes first, and holds the others.
  std::sort(sorted.begin(), sorted.end(), [](const Prefix& a, const Prefix& b) {
    return std::tie(a.base.family, a.base.high, a.base.low, a.length) <
           std::tie(b.base.family, b.base.high, b.base.low, b.length);
  });
  for (const Prefix& prefix : sorted)
    if (prefixes_.empty() || !prefixes_.back().contains(prefix)) prefixes_.push_back(prefix);
  if (prefixes_.size() >= large_set) index_by_first_bits();
}

void AddressSet::index_by_first_bits() {
  constexpr std::size_t values = std::size_t{1} << first_bits;
  std::uint32_t at = 0;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    std::vector<std::uint32_t>& starts = starts_[static_cast<std::size_t>(family)];
    starts.reserve(values + 1);
    for (std::size_t bits = 0; bits < values; ++bits) {
      starts.push_back(at);
      while (at < prefixes_.size() && prefixes_[at].base.family == family &&
             first_bits_of(prefixes_[at].base) == bits)
        ++at;
    }
    starts.push_back(at);
  }
}

AddressSet AddressSet::without(const AddressSet& holes) const {
  AddressSet rest = *this;
  rest.holes_ = holes.prefixes_;
  if (!holes.empty()) rest.open4_ = rest.open6_ = false;
  return rest;
}

bool AddressSet::holds(const IpAddress& address) const noexcept {
  const Prefix* all = prefixes_.data();
  const std::vector<std::uint32_t>& starts = starts_[static_cast<std::size_t>(address.family)];
  if (starts.empty()) return last_one_holds(all, all, all + prefixes_.size(), address);
  const std::size_t bits = first_bits_of(address);
  return last_one_holds(all, all + starts[bits], all + starts[bits + 1], address);
}

bool AddressSet::in_hole(const IpAddress& address) const noexcept {
  return last_one_holds(holes_.data(), holes_.data(), holes_.data() + holes_.size(), address);
}

}  // namespace vpcwall
