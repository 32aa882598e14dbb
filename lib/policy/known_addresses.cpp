#include "policy/known_addresses.h"

#include <map>

namespace vpcwall {

namespace {

struct Known {
  InterfaceIndex owner = no_interface;
  SubnetIndex subnet = no_subnet;
  bool exempt = false, auto_tracked = false;
};

// In the order of the map each prefix comes before those that lie in it, so what holds around a prefix is
// known when its turn comes, and holds inside it as well. Of one family: those of the other may stand in
// between.
void spread_inwards(std::map<Prefix, Known>& named) {
  std::vector<std::pair<Prefix, Known>> around;
  for (auto& [prefix, known] : named) {
    while (!around.empty() && !around.back().first.contains(prefix)) around.pop_back();
    if (!around.empty()) {
      const Known& outer = around.back().second;
      if (known.owner == no_interface) known.owner = outer.owner;
      if (known.subnet == no_subnet) known.subnet = outer.subnet;
      known.exempt |= outer.exempt;
      known.auto_tracked |= outer.auto_tracked;
    }
    around.emplace_back(prefix, known);
  }
}

AddressFacts facts_of(const Known& known) {
  if (known.owner != no_interface) return {known.owner, known.exempt, known.auto_tracked};
  return AddressFacts::unlisted(known.subnet, known.exempt, known.auto_tracked);
}

}  // namespace

KnownAddresses::KnownAddresses(std::span<const Owned> owned, std::span<const SubnetRange> subnets,
                               std::span<const Prefix> exempt, std::span<const Prefix> auto_tracked) {
  std::array<std::map<Prefix, Known>, 2> families;
  const auto at = [&families](const Prefix& prefix) -> Known& {
    return families[static_cast<std::size_t>(prefix.base.family)][prefix];
  };
  for (const auto& [prefix, owner] : owned) at(prefix).owner = owner;
  for (const auto& [prefix, subnet] : subnets) at(prefix).subnet = subnet;
  for (const Prefix& prefix : exempt) at(prefix).exempt = true;
  for (const Prefix& prefix : auto_tracked) at(prefix).auto_tracked = true;

  for (std::size_t family = 0; family < families.size(); ++family) {
    spread_inwards(families[family]);
    std::vector<std::pair<Prefix, std::uint32_t>> entries;
    for (const auto& [prefix, known] : families[family]) entries.emplace_back(prefix, facts_of(known).word_);
    words_[family] = PrefixMap(std::move(entries));
  }
}

}  // namespace vpcwall
