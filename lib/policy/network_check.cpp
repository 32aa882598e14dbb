#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "policy/validate.h"

namespace vpcwall {
namespace {

struct Range {
  Prefix prefix;
  SourcePosition at;
  std::string owner;  // for messages: subnet "public"
};

bool stands_before(SourcePosition a, SourcePosition b) noexcept {
  return std::tie(a.line, a.column) < std::tie(b.line, b.column);
}

// Calls report(later, earlier), in the order of the file, for each range that overlaps a wider or equal one.
// Two prefixes are either disjoint or one contains the other, so sorting brings a container right before its
// parts.
template <class Report>
void for_each_overlap(std::vector<Range> ranges, Report report) {
  std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::tie(a.prefix.base.family, a.prefix.base.high, a.prefix.base.low, a.prefix.length) <
           std::tie(b.prefix.base.family, b.prefix.base.high, b.prefix.base.low, b.prefix.length);
  });
  const Range* outer = nullptr;
  for (const Range& range : ranges) {
    if (outer == nullptr || !outer->prefix.contains(range.prefix)) {
      outer = &range;
    } else if (stands_before(range.at, outer->at)) {
      report(*outer, range);
    } else {
      report(range, *outer);
    }
  }
}

// The first four addresses and the last of every subnet (E-14).
bool holds_reserved(const Prefix& subnet, const Prefix& addresses) {
  for (std::uint32_t offset = 0; offset < 4; ++offset)
    if (addresses.contains(advance(subnet.base, offset))) return true;
  return addresses.contains(subnet.last());
}

std::string label(std::string_view kind, const std::string& name, const std::string& id) {
  return std::string(kind) + ' ' + quoted(name.empty() ? id : name);
}

std::string without_host_length(const Prefix& prefix) {
  return prefix.is_host() ? to_string(prefix.base) : to_string(prefix);
}

class NetworkCheck {
 public:
  explicit NetworkCheck(const PolicyCheck& check) : check_(check) {
    for (const Subnet& subnet : check.policy.subnets) subnets_.emplace(subnet.id, &subnet);
    for (const SecurityGroup& group : check.policy.security_groups) groups_.insert(group.id);
    for (const NetworkAcl& acl : check.policy.network_acls) acls_.insert(acl.id);
  }

  void run() {
    vpc();
    for (std::size_t i = 0; i < check_.policy.subnets.size(); ++i) subnet(check_.policy.subnets[i], i);
    for_each_overlap(subnet_ranges_, [&](const Range& later, const Range& earlier) {
      error(later.at,
            "found " + to_string(later.prefix) + ", which overlaps " + earlier.owner + " (" +
                to_string(earlier.prefix) + ')',
            {}, "InvalidSubnet.Conflict");
    });
    for (std::size_t i = 0; i < check_.policy.interfaces.size(); ++i)
      interface(check_.policy.interfaces[i], i);
    for_each_overlap(addresses_, [&](const Range& later, const Range& earlier) {
      error(later.at,
            "found " + without_host_length(later.prefix) + ", which " + earlier.owner + " has already", {},
            "InvalidIPAddress.InUse");
    });
  }

 private:
  [[nodiscard]] SourcePosition position(const FieldPath& path, SourcePosition otherwise) const {
    return check_.positions.find(path, otherwise);
  }
  void error(SourcePosition at, const std::string& message, const std::string& hint = {},
             std::string_view code = {}) {
    check_.reporter.error(at, message, hint, code);
  }
  void family(const std::optional<Prefix>& prefix, Family wanted, SourcePosition at) {
    if (prefix && prefix->base.family != wanted)
      error(at,
            "found " + to_string(*prefix) + ", expected an " + (wanted == Family::ipv4 ? "IPv4" : "IPv6") +
                " range",
            wanted == Family::ipv4 ? "write it as ipv6_cidr" : "write it as cidr", "InvalidParameterValue");
  }

  void vpc() {
    const Vpc& vpc = check_.policy.vpc;
    const SourcePosition cidr_at = position({Section::vpc, 0, Field::cidr}, vpc.at);
    const SourcePosition ipv6_at = position({Section::vpc, 0, Field::ipv6_cidr}, vpc.at);
    family(vpc.cidr, Family::ipv4, cidr_at);
    family(vpc.ipv6_cidr, Family::ipv6, ipv6_at);
    if (vpc.cidr) vpc_ranges_.push_back({*vpc.cidr, cidr_at, "the VPC's cidr"});
    if (vpc.ipv6_cidr) vpc_ranges_.push_back({*vpc.ipv6_cidr, ipv6_at, "the VPC's ipv6_cidr"});
    if (vpc_ranges_.empty() && check_.vpc_complete)
      error(vpc.at, "found a VPC without a range, expected cidr or ipv6_cidr", {}, "MissingParameter");
    for (std::size_t i = 0; i < vpc.secondary_cidrs.size(); ++i) {
      const Prefix& range = vpc.secondary_cidrs[i];
      const SourcePosition at = position({Section::vpc, 0, Field::secondary_cidr, i}, vpc.at);
      if (range.base.family == Family::ipv6 && !vpc.ipv6_cidr && check_.vpc_complete)
        error(at, "found " + to_string(range) + " as a secondary range of a VPC without ipv6_cidr",
              "write it as ipv6_cidr");
      vpc_ranges_.push_back({range, at, "another secondary range"});
    }
    for_each_overlap(vpc_ranges_, [&](const Range& later, const Range& earlier) {
      error(later.at,
            "found " + to_string(later.prefix) + ", which overlaps " + earlier.owner + " (" +
                to_string(earlier.prefix) + ')',
            {}, "InvalidVpc.Range");
    });
    if (vpc.router_mac && (vpc.router_mac->front() & 1U) != 0)
      error(position({Section::vpc, 0, Field::router_mac}, vpc.at),
            "found a multicast MAC address, expected the router's own");
  }

  void subnet(const Subnet& subnet, std::size_t index) {
    const SourcePosition cidr_at = position({Section::subnet, index, Field::cidr}, subnet.at);
    const SourcePosition ipv6_at = position({Section::subnet, index, Field::ipv6_cidr}, subnet.at);
    if (!subnet.cidr && !subnet.ipv6_cidr)
      error(subnet.at, "found a subnet without a range, expected cidr or ipv6_cidr", {}, "MissingParameter");
    family(subnet.cidr, Family::ipv4, cidr_at);
    family(subnet.ipv6_cidr, Family::ipv6, ipv6_at);
    if (subnet.cidr) subnet_range(*subnet.cidr, cidr_at, subnet);
    if (subnet.ipv6_cidr) subnet_range(*subnet.ipv6_cidr, ipv6_at, subnet);
    if (check_.complete && !acls_.contains(subnet.network_acl))
      error(position({Section::subnet, index, Field::network_acl}, subnet.at),
            "found " + quoted(subnet.network_acl) + ", which no network ACL has", {},
            "InvalidNetworkAclID.NotFound");
  }

  void subnet_range(const Prefix& prefix, SourcePosition at, const Subnet& subnet) {
    subnet_ranges_.push_back({prefix, at, label("subnet", subnet.name, subnet.id)});
    const bool inside = std::any_of(vpc_ranges_.begin(), vpc_ranges_.end(),
                                    [&](const Range& range) { return range.prefix.contains(prefix); });
    if (!inside && check_.vpc_complete)
      error(at, "found " + to_string(prefix) + ", expected a range inside the VPC's",
            vpc_hint(prefix.base.family), "InvalidSubnet.Range");
  }

  [[nodiscard]] std::string vpc_hint(Family family) const {
    std::string ranges;
    for (const Range& range : vpc_ranges_)
      if (range.prefix.base.family == family)
        ranges += (ranges.empty() ? "" : ", ") + to_string(range.prefix);
    if (ranges.empty())
      return std::string("the VPC has no ") + (family == Family::ipv4 ? "IPv4" : "IPv6") + " range";
    return "the VPC has " + ranges;
  }

  void interface(const Interface& interface, std::size_t index) {
    const auto at = [&](Field field, std::size_t element = 0) {
      return position({Section::interface, index, field, element}, interface.at);
    };
    const auto found = subnets_.find(interface.subnet);
    const Subnet* subnet = found == subnets_.end() ? nullptr : found->second;
    if (subnet == nullptr && check_.complete)
      error(at(Field::subnet), "found " + quoted(interface.subnet) + ", which no subnet has", {},
            "InvalidSubnetID.NotFound");
    if (interface.addresses.empty() && check_.complete)
      error(interface.at, "found an interface without addresses, expected at least one");
    for (std::size_t i = 0; i < interface.addresses.size(); ++i) {
      const Prefix& address = interface.addresses[i];
      if (subnet != nullptr) inside_subnet(address, *subnet, at(Field::address, i));
      addresses_.push_back(
          {address, at(Field::address, i), label("interface", interface.name, interface.id)});
    }
    groups(interface, index);
    bounds("tcp_established", interface.tracking.tcp_established, 60, 432000, at(Field::tcp_established));
    bounds("udp", interface.tracking.udp, 30, 60, at(Field::udp));
    bounds("udp_stream", interface.tracking.udp_stream, 60, 180, at(Field::udp_stream));
    if (!interface.device.empty()) device(interface, at(Field::device));
  }

  void inside_subnet(const Prefix& address, const Subnet& subnet, SourcePosition at) {
    const auto& range = address.base.family == Family::ipv4 ? subnet.cidr : subnet.ipv6_cidr;
    const std::string shown = without_host_length(address);
    const std::string owner = label("subnet", subnet.name, subnet.id);
    if (!range || !range->contains(address)) {
      error(at, "found " + shown + ", expected an address inside " + owner,
            range ? "its range is " + to_string(*range)
                  : std::string("it has no ") + (address.base.family == Family::ipv4 ? "IPv4" : "IPv6") +
                        " range",
            "InvalidParameterValue");
    } else if (holds_reserved(*range, address)) {
      error(at, "found " + shown + ", which is reserved in " + owner,
            "AWS reserves the first four addresses and the last of " + to_string(*range),
            "InvalidParameterValue");
    }
  }

  void groups(const Interface& interface, std::size_t index) {
    const auto at = [&](std::size_t element) {
      return position({Section::interface, index, Field::security_group, element}, interface.at);
    };
    const bool gateway = interface.type != Interface::Type::interface;
    if (gateway && !interface.security_groups.empty())
      error(interface.at, "found security groups on a gateway, expected none", {},
            "InvalidParameterCombination");
    if (!gateway && interface.security_groups.empty() && check_.complete)
      error(interface.at, "found an interface without security groups, expected at least one", {},
            "MissingParameter");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < interface.security_groups.size(); ++i) {
      const std::string& id = interface.security_groups[i];
      if (!seen.insert(id).second) error(at(i), "found a security group a second time on one interface");
      if (check_.complete && !groups_.contains(id))
        error(at(i), "found " + quoted(id) + ", which no security group has", {}, "InvalidGroup.NotFound");
    }
    const std::uint32_t quota = check_.policy.quotas.groups_per_interface;
    if (interface.security_groups.size() > quota)
      error(at(quota),
            "found " + std::to_string(interface.security_groups.size()) +
                " security groups on one interface, expected at most " + std::to_string(quota),
            "quotas: groups_per_interface can be raised to 16", "SecurityGroupsPerInterfaceLimitExceeded");
  }

  void bounds(const std::string& what, std::uint32_t value, std::uint32_t smallest, std::uint32_t largest,
              SourcePosition at) {
    if (value < smallest || value > largest)
      error(at,
            "found " + std::to_string(value) + " for " + what + ", expected " + std::to_string(smallest) +
                " to " + std::to_string(largest) + " seconds",
            {}, "InvalidParameterValue");
  }

  // What the kernel takes as the name of a network device.
  void device(const Interface& interface, SourcePosition at) {
    const std::string& name = interface.device;
    const bool bad_letter = std::any_of(name.begin(), name.end(), [](char letter) {
      const auto byte = static_cast<unsigned char>(letter);
      return byte <= 0x20 || byte >= 0x7f || letter == '/' || letter == ':';
    });
    if (name.size() > 15 || bad_letter || name == "." || name == "..")
      error(at, "found " + quoted(name) +
                    ", expected the name of a network device: 1 to 15 letters, no space, no / and no :");
    const auto [other, is_new] = devices_.emplace(name, label("interface", interface.name, interface.id));
    if (!is_new) error(at, "found the device " + quoted(name) + ", which " + other->second + " has already");
  }

  const PolicyCheck& check_;
  std::vector<Range> vpc_ranges_, subnet_ranges_, addresses_;
  std::map<std::string, const Subnet*> subnets_;
  std::set<std::string> groups_, acls_;
  std::map<std::string, std::string> devices_;  // device -> its interface's label
};

}  // namespace

void check_network(const PolicyCheck& check) { NetworkCheck(check).run(); }

}  // namespace vpcwall
