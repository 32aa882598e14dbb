#include "reach/endpoints.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/journey.h"
#include "policy/prefix_map.h"
#include "reach/address_classes.h"

namespace vpcwall {
namespace {

constexpr std::array both_families{Family::ipv4, Family::ipv6};

struct SpecialRange {
  const char* name;
  const char* prefix;
};
// Addresses that evaluate() does not judge by rules alone (O-5, D-4, S-53). Whether it does, only it says:
// here they are merely kept apart from others.
constexpr std::array special_ranges{
    SpecialRange{"loopback", "127.0.0.0/8"}, SpecialRange{"loopback", "::1/128"},
    SpecialRange{"link-local", "fe80::/10"}, SpecialRange{"multicast", "224.0.0.0/4"},
    SpecialRange{"multicast", "ff00::/8"},
};

// Addresses that people know as examples, tried before the first one of a class.
constexpr std::array example_addresses{"203.0.113.12", "198.51.100.12", "192.0.2.12", "2001:db8:ffff:1::12",
                                       "3fff::12"};

// What the rules of one policy name outside of it.
struct NamedRange {
  std::string name, id;
  EndpointKind kind;
};

class EndpointFinder {
 public:
  explicit EndpointFinder(std::span<const PolicyForms> policies) : policies_(policies) {}

  Expected<EndpointMap, std::string> run() {
    for (const PolicyForms& policy : policies_) collect(policy);
    for (const PolicyForms& policy : policies_)
      for (const CompiledInterface& interface : policy.compiled.interfaces)
        interface_names_.insert(name_of(interface));
    std::size_t prefixes = 0;
    for (const PrefixSet& set : sets_) prefixes += set.size();
    if (prefixes > max_named_prefixes)
      return Unexpected{"found " + std::to_string(prefixes) +
                        " address ranges in rules and prefix lists, expected at most " +
                        std::to_string(max_named_prefixes)};
    for (const Family family : both_families)
      narrowest_[at(family)] = PrefixMap(std::move(named_at_[at(family)]));
    for (const Family family : both_families)
      for (auto& ranges : address_classes(family, sets_)) add_class(family, std::move(ranges));
    sort_by_kind();
    return std::move(found_);
  }

 private:
  void collect(const PolicyForms& policy) {
    const Policy& written = policy.written;
    for (const Interface& interface : written.interfaces) sets_.push_back(interface.addresses);
    for (const Subnet& subnet : written.subnets)
      for (const auto& range : {subnet.cidr, subnet.ipv6_cidr})
        if (range) sets_.push_back({*range});
    for (const Prefix& range : policy.compiled.vpc_ranges) sets_.push_back({range});
    const auto exempt = policy.compiled.exempt_peers.prefixes();
    sets_.emplace_back(exempt.begin(), exempt.end());
    sets_.push_back(written.auto_tracked);
    sets_.push_back(written.behavior.sg_identity_lost);
    for (const Prefix& range : written.auto_tracked) name(range, {to_string(range), {}, EndpointKind::range});
    for (const SpecialRange& range : special_ranges) sets_.push_back({*parse_prefix(range.prefix)});
    collect_rules(written);
    collect_entries(written);
  }

  // A group that no interface has tells nothing apart.
  void collect_rules(const Policy& written) {
    std::set<std::string> used;
    for (const Interface& interface : written.interfaces)
      used.insert(interface.security_groups.begin(), interface.security_groups.end());
    for (const SecurityGroup& group : written.security_groups) {
      if (!used.contains(group.id)) continue;
      for (const Direction direction : {Direction::ingress, Direction::egress})
        for (const SecurityGroupRule& rule : group.rules(direction)) {
          if (const auto* range = std::get_if<Prefix>(&rule.peer)) add_range(*range);
          if (const auto* list = std::get_if<PrefixListReference>(&rule.peer)) add_list(written, list->id);
        }  // the members of a group are told apart already: each interface is a set of its own
    }
  }

  // An ACL of no subnet tells nothing apart; of a subnet without interfaces, only what guards its addresses
  // (O-20).
  void collect_entries(const Policy& written) {
    const bool all = written.behavior.unlisted_addresses == Behavior::UnlistedAddresses::acl;
    std::set<std::string> inhabited, used;
    for (const Interface& interface : written.interfaces) inhabited.insert(interface.subnet);
    for (const Subnet& subnet : written.subnets)
      if (all || inhabited.contains(subnet.id)) used.insert(subnet.network_acl);
    for (const NetworkAcl& acl : written.network_acls)
      for (const Direction direction : {Direction::ingress, Direction::egress})
        for (const NetworkAclEntry& entry : acl.entries(direction))
          if (used.contains(acl.id)) add_range(entry.cidr);
  }

  void add_range(const Prefix& range) {
    if (range.is_open() || !ranges_.insert(range).second) return;
    sets_.push_back({range});
    name(range, {to_string(range), {}, EndpointKind::range});
  }

  void add_list(const Policy& written, const std::string& id) {
    const auto list = std::find_if(written.prefix_lists.begin(), written.prefix_lists.end(),
                                   [&id](const PrefixList& one) { return one.id == id; });
    if (list == written.prefix_lists.end() || !lists_.insert(&*list).second) return;
    PrefixSet entries;
    for (const PrefixListEntry& entry : list->entries) {
      entries.push_back(entry.cidr);
      name(entry.cidr, {list->name.empty() ? list->id : list->name, list->id, EndpointKind::prefix_list});
    }
    sets_.push_back(std::move(entries));
  }

  // Of those who name the same range, a list comes first.
  void name(const Prefix& range, NamedRange who) {
    if (range.is_open()) return;
    const auto [known, fresh] = named_by_range_.try_emplace(range, named_.size());
    if (fresh) {
      named_at_[at(range.base.family)].emplace_back(range, static_cast<std::uint32_t>(named_.size()));
      named_.push_back(std::move(who));
    } else if (named_[known->second].kind != EndpointKind::prefix_list) {
      named_[known->second] = std::move(who);
    }
  }

  void add_class(Family family, std::vector<AddressRange> ranges) {
    AddressClass one;
    one.family = family;
    one.witness = witness_of(ranges);
    one.ranges = std::move(ranges);
    for (std::size_t i = 0; i < policies_.size(); ++i) one.guards.at(i) = guard_of(policies_[i], one.witness);
    one.endpoint = endpoint_of(one);
    found_.all[one.endpoint].classes[at(family)].push_back(found_.classes.size());
    found_.classes.push_back(std::move(one));
  }

  static GuardedBy guard_of(const PolicyForms& policy, const IpAddress& address) {
    const AddressFacts facts = policy.compiled.addresses.find(address);
    const bool unlisted = is_guarded_unlisted(policy.compiled, facts.owner(), facts);
    return {facts.owner(), unlisted ? facts.subnet() : no_subnet};
  }

  static IpAddress witness_of(std::span<const AddressRange> ranges) {
    for (const char* example : example_addresses)
      if (const auto address = parse_address(example); address && contains(ranges, *address)) return *address;
    // The first address of a network is rarely a host.
    for (const AddressRange& range : ranges)
      if (const IpAddress second = advance(range.first, 1); range.contains(second) && second != range.last)
        return second;
    return ranges.front().first;
  }

  std::size_t endpoint_of(const AddressClass& one) {
    if (const auto owner = owner_of(one)) return *owner;
    const auto any = [this](auto holds) { return std::any_of(policies_.begin(), policies_.end(), holds); };
    if (any([&one](const PolicyForms& policy) { return policy.compiled.exempt_peers.contains(one.witness); }))
      return endpoint(EndpointKind::service, "aws-services", {}, {});
    for (const SpecialRange& range : special_ranges)
      if (parse_prefix(range.prefix)->contains(one.witness))
        return endpoint(EndpointKind::special, range.name, {}, {});
    for (const PolicyForms& policy : policies_)
      for (const CompiledSubnet& subnet : policy.compiled.subnets)
        if (subnet.contains(one.witness))
          return endpoint(EndpointKind::unassigned,
                          "unassigned in " + (subnet.name.empty() ? subnet.id : subnet.name), subnet.id, {});
    for (const PolicyForms& policy : policies_)
      for (const Prefix& range : policy.compiled.vpc_ranges)
        if (range.contains(one.witness))
          return endpoint(EndpointKind::unassigned, "unassigned in the VPC", {}, {});
    const std::uint32_t narrowest = narrowest_[at(one.family)].find(one.witness);
    if (narrowest == PrefixMap::none) return endpoint(EndpointKind::internet, "internet", {}, "the internet");
    const NamedRange& named = named_[narrowest];
    return endpoint(named.kind, named.name, named.id, named.id);
  }

  static std::string name_of(const CompiledInterface& interface) {
    return interface.name.empty() ? interface.id : interface.name;
  }

  // By its id: a name may change from one policy to the other. The newer name is shown.
  std::optional<std::size_t> owner_of(const AddressClass& one) {
    std::vector<const CompiledInterface*> owners;
    for (std::size_t i = 0; i < policies_.size(); ++i)
      if (const InterfaceIndex index = one.guards.at(i).interface; index != no_interface)
        owners.push_back(&policies_[i].compiled.interfaces[index]);
    if (owners.empty()) return std::nullopt;
    const CompiledInterface& now = *owners.back();
    if (owners.front()->id == now.id) return endpoint(EndpointKind::interface, name_of(now), now.id, now.id);
    return endpoint(EndpointKind::interface, name_of(*owners.front()) + ", now " + name_of(now), {}, {});
  }

  // The endpoint of this kind, id and name, new or known; `otherwise` is its name if the name is taken.
  std::size_t endpoint(EndpointKind kind, const std::string& name, const std::string& id,
                       const std::string& otherwise) {
    const auto [known, fresh] = by_identity_.try_emplace({kind, id.empty() ? name : id}, found_.all.size());
    if (!fresh) return known->second;
    const bool taken =
        names_.contains(name) || (kind != EndpointKind::interface && interface_names_.contains(name));
    std::string unique = taken && !otherwise.empty() ? otherwise : name;
    while (!names_.insert(unique).second) unique += '\'';
    found_.all.push_back({std::move(unique), id, kind, {}});
    return known->second;
  }

  // Found in the order of addresses; shown in the order of kinds, interfaces in that of the policy.
  void sort_by_kind() {
    std::map<std::string, std::size_t> written;
    for (const PolicyForms& policy : policies_)
      for (const Interface& interface : policy.written.interfaces)
        written.try_emplace(interface.id, written.size());
    std::vector<std::size_t> order(found_.all.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto rank = [&](std::size_t place) {
      const Endpoint& endpoint = found_.all[place];
      const auto known = written.find(endpoint.id);
      return std::tuple(endpoint.kind, known != written.end() ? known->second : written.size(), place);
    };
    std::sort(order.begin(), order.end(),
              [&rank](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    std::vector<Endpoint> sorted;
    for (const std::size_t from : order) {
      for (const auto& classes : found_.all[from].classes)
        for (const std::size_t one : classes) found_.classes[one].endpoint = sorted.size();
      sorted.push_back(std::move(found_.all[from]));
    }
    found_.all = std::move(sorted);
  }

  std::span<const PolicyForms> policies_;
  std::vector<PrefixSet> sets_;
  std::set<Prefix> ranges_;
  std::set<const PrefixList*> lists_;
  std::vector<NamedRange> named_;
  std::map<Prefix, std::size_t> named_by_range_;
  PerFamily<std::vector<std::pair<Prefix, std::uint32_t>>> named_at_;
  PerFamily<PrefixMap> narrowest_;
  EndpointMap found_;
  std::map<std::pair<EndpointKind, std::string>, std::size_t> by_identity_;
  std::set<std::string> names_, interface_names_;
};

}  // namespace

std::string_view to_string(EndpointKind kind) noexcept {
  switch (kind) {
    case EndpointKind::internet: return "internet";
    case EndpointKind::prefix_list: return "prefix-list";
    case EndpointKind::range: return "range";
    case EndpointKind::interface: return "interface";
    case EndpointKind::unassigned: return "unassigned";
    case EndpointKind::service: return "service";
    case EndpointKind::special: return "special";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::string describe(const Endpoint& endpoint, std::span<const AddressRange> some) {
  std::string text = endpoint.name;
  for (std::size_t i = 0; i < some.size(); ++i) text += (i == 0 ? " (" : ", ") + to_string(some[i]);
  return some.empty() ? text : text + ')';
}

std::vector<AddressRange> EndpointMap::addresses(const Endpoint& endpoint, Family family) const {
  std::vector<AddressRange> ranges;
  for (const std::size_t one : endpoint.classes[at(family)])
    ranges.insert(ranges.end(), classes[one].ranges.begin(), classes[one].ranges.end());
  return joined(std::move(ranges));
}

std::optional<std::size_t> EndpointMap::find(std::string_view name) const {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == name || (!all[i].id.empty() && all[i].id == name)) return i;
  return std::nullopt;
}

std::optional<std::size_t> EndpointMap::class_of(const IpAddress& address) const {
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (contains(classes[i].ranges, address)) return i;
  return std::nullopt;
}

Expected<EndpointMap, std::string> find_endpoints(std::span<const PolicyForms> policies) {
  return EndpointFinder(policies).run();
}

}  // namespace vpcwall
