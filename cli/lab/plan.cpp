#include "cli/lab/plan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <set>

namespace vpcwall {
namespace {

constexpr std::size_t max_endpoint_name = 64;
constexpr std::size_t max_endpoints = 4096;

// Documentation addresses (RFC 5737, RFC 3849): they belong to nobody, so a lab can never be mistaken for a
// real peer.
constexpr std::array client_addresses = {"203.0.113.12", "198.51.100.77", "192.0.2.10", "2001:db8:ffff::12"};

bool is_name_character(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

// A policy may call an interface anything; a namespace is a file, and part of a command line.
std::string as_file_name(std::string_view text) {
  std::string name{text.substr(0, max_endpoint_name)};
  for (char& c : name) {
    if (!is_name_character(c)) c = '-';
  }
  return name;
}

std::string unique_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted;
  for (int n = 2; !taken.insert(name).second; ++n) name = wanted + '-' + std::to_string(n);
  return name;
}

// Locally administered; the fourth byte tells the two ends apart.
std::string mac_address(unsigned end, std::size_t index) {
  std::array<char, 18> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "02:76:77:%02x:%02x:%02x", end & 0xffU,
                                  static_cast<unsigned>(index >> 8U) & 0xffU,
                                  static_cast<unsigned>(index) & 0xffU));
  return text.data();
}

LabEndpoint make_endpoint(const LabPlan& plan, const std::string& name) {
  const std::size_t index = plan.endpoints.size();
  LabEndpoint endpoint;
  endpoint.name = name;
  endpoint.network_namespace = "vpcwall-" + plan.name + '-' + name;
  endpoint.router_device = "vw" + std::to_string(index);
  endpoint.mac = mac_address(0, index);
  endpoint.router_mac = mac_address(1, index);
  return endpoint;
}

std::vector<Prefix> ranges_of(const Vpc& vpc) {
  std::vector<Prefix> ranges;
  if (vpc.cidr) ranges.push_back(*vpc.cidr);
  if (vpc.ipv6_cidr) ranges.push_back(*vpc.ipv6_cidr);
  ranges.insert(ranges.end(), vpc.secondary_cidrs.begin(), vpc.secondary_cidrs.end());
  return ranges;
}

bool speaks_ipv6(const Policy& policy) {
  const auto is_ipv6 = [](const Prefix& prefix) { return prefix.base.family == Family::ipv6; };
  if (policy.vpc.ipv6_cidr) return true;
  return std::any_of(policy.interfaces.begin(), policy.interfaces.end(), [&](const Interface& interface) {
    return std::any_of(interface.addresses.begin(), interface.addresses.end(), is_ipv6);
  });
}

bool any_contains(const std::vector<Prefix>& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

// Host addresses before delegated prefixes, so that the first of a family can be a source address.
std::vector<Prefix> in_order_of_use(std::vector<Prefix> addresses) {
  std::stable_partition(addresses.begin(), addresses.end(), [](const Prefix& p) { return p.is_host(); });
  return addresses;
}

// The router's addresses in a subnet, unless the policy gave them to an interface.
std::vector<IpAddress> router_addresses(const Policy& policy, const std::string& subnet_id) {
  std::vector<IpAddress> addresses;
  for (const Subnet& subnet : policy.subnets) {
    if (subnet.id != subnet_id) continue;
    for (const std::optional<Prefix>& range : {subnet.cidr, subnet.ipv6_cidr}) {
      if (!range) continue;
      const IpAddress address = advance(range->base, 1);
      const bool used = std::any_of(policy.interfaces.begin(), policy.interfaces.end(),
                                    [&](const Interface& i) { return any_contains(i.addresses, address); });
      if (!used) addresses.push_back(address);
    }
  }
  return addresses;
}

LabEndpoint make_internet(const LabPlan& plan) {
  LabEndpoint internet = make_endpoint(plan, std::string{internet_name});
  bool has_ipv4 = false;
  bool has_ipv6 = !plan.ipv6;
  for (const char* text : client_addresses) {
    const IpAddress address = *parse_address(text);
    const bool is_ipv6 = address.family == Family::ipv6;
    if (any_contains(plan.vpc_ranges, address) || (is_ipv6 && !plan.ipv6)) continue;
    internet.addresses.push_back(host_prefix(address));
    (is_ipv6 ? has_ipv6 : has_ipv4) = true;
  }
  if (!has_ipv4 || !has_ipv6) {
    throw LabPlanError("the VPC's ranges cover every client address that the lab's internet could have");
  }
  return internet;
}

// E-7 to E-12; the first of a family is the resolver.
constexpr std::array service_addresses = {"169.254.169.253", "169.254.169.254", "169.254.169.123",
                                          "169.254.170.2",   "169.254.169.250", "169.254.169.251",
                                          "fd00:ec2::253",   "fd00:ec2::254",   "fd00:ec2::123"};

LabEndpoint make_services(const LabPlan& plan, const Policy& policy) {
  LabEndpoint services = make_endpoint(plan, std::string{services_name});
  for (const char* text : service_addresses) {
    const IpAddress address = *parse_address(text);
    if (address.family == Family::ipv4 || plan.ipv6) services.addresses.push_back(host_prefix(address));
  }
  if (!policy.vpc.cidr) return services;
  const IpAddress resolver = advance(policy.vpc.cidr->base, 2);  // E-7
  const bool used = std::any_of(policy.interfaces.begin(), policy.interfaces.end(),
                                [&](const Interface& one) { return any_contains(one.addresses, resolver); });
  if (!used) services.addresses.push_back(host_prefix(resolver));
  return services;
}

}  // namespace

bool is_lab_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= max_lab_name &&
         std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

LabPlan make_lab_plan(const Policy& policy, const std::string& name) {
  if (!is_lab_name(name)) {
    throw LabPlanError(
        "'" + name +
        "' is no name for a lab: expected a letter or digit, then letters, digits, '_', '.', '-', " +
        std::to_string(max_lab_name) + " at most");
  }
  if (policy.interfaces.size() >= max_endpoints) {
    throw LabPlanError("the policy has more than " + std::to_string(max_endpoints - 1) + " interfaces");
  }

  LabPlan plan;
  plan.name = name;
  plan.router_namespace = "vpcwall-" + name + '-' + std::string{router_name};
  plan.vpc_ranges = ranges_of(policy.vpc);
  plan.ipv6 = speaks_ipv6(policy);
  plan.endpoints.push_back(make_internet(plan));

  std::set<std::string> taken{std::string{router_name}, std::string{internet_name},
                              std::string{services_name}};
  for (const Interface& interface : policy.interfaces) {
    const std::string& called = interface.name.empty() ? interface.id : interface.name;
    LabEndpoint endpoint = make_endpoint(plan, unique_name(as_file_name(called), taken));
    endpoint.interface = called;
    endpoint.addresses = in_order_of_use(interface.addresses);
    endpoint.router_addresses = router_addresses(policy, interface.subnet);
    plan.endpoints.push_back(std::move(endpoint));
  }
  plan.endpoints.push_back(make_services(plan, policy));
  return plan;
}

std::size_t services_of(const LabPlan& plan) noexcept {
  for (std::size_t i = 1; i < plan.endpoints.size(); ++i)
    if (plan.endpoints[i].interface.empty() && plan.endpoints[i].name == services_name) return i;
  return 0;
}

const LabEndpoint* find_endpoint(const LabPlan& plan, std::string_view name) noexcept {
  for (const LabEndpoint& endpoint : plan.endpoints) {
    if (endpoint.name == name) return &endpoint;
  }
  for (const LabEndpoint& endpoint : plan.endpoints) {
    if (!endpoint.interface.empty() && endpoint.interface == name) return &endpoint;
  }
  return nullptr;
}

}  // namespace vpcwall
