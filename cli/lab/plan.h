// LabPlan: what a policy looks like as network namespaces. A pure function of the policy and the lab's name;
// nothing here touches the system.
//
//   internet ──┐                       Every endpoint is a namespace with one device, eth0, joined by a veth
//   web ───────┤ router (vpcwalld)     pair to the router. As in a VPC there is no shared segment: an
//   endpoint db ────────┤                       has host addresses (/32, /128) and one default route, so
//   every packet services ──┘                       between two endpoints, also of one subnet, is forwarded
//   by the router.
//
// The services' endpoint has the addresses of the resolver, instance metadata and the like (E-7 to E-12);
// nothing answers there until somebody starts it.
//
// Link-local next hops (169.254.0.x, fe80::x) with fixed neighbour entries stand for AWS's implied router: no
// ARP and no neighbour discovery ever happen in a lab, so neither can be mistaken for policy.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "policy/policy.h"

namespace vpcwall {

struct LabEndpoint {
  std::string name;               // what `lab exec` takes; unique in the lab
  std::string interface;          // the policy's name (or else id) of the interface; empty: none of it
  std::string network_namespace;  // vpcwall-LAB-NAME
  std::string router_device;      // the router's end of the veth pair; the other end is eth0
  std::string mac, router_mac;    // of the two ends
  std::vector<Prefix>
      addresses;  // the first of a family is the preferred source; shorter than a host: delegated
  std::vector<IpAddress> router_addresses;  // of the endpoint's subnet: base + 1 (E-13)
};

struct LabPlan {
  std::string name;
  std::string router_namespace;
  std::vector<LabEndpoint> endpoints;  // the internet, the interfaces in the policy's order, the services
  std::vector<Prefix> vpc_ranges;      // addresses of these that no interface has go nowhere
  bool ipv6 = false;                   // the policy speaks of IPv6 at all
};

// The lab cannot be planned; what() is one sentence for the operator.
class LabPlanError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::string_view internet_name = "internet";
inline constexpr std::string_view router_name = "router";
inline constexpr std::string_view services_name = "services";
inline constexpr std::string_view endpoint_device = "eth0";
inline constexpr std::size_t max_lab_name = 32;

// Letters, digits, '_', '.', '-', first a letter or a digit, at most max_lab_name of them.
[[nodiscard]] bool is_lab_name(std::string_view name) noexcept;

// Throws LabPlanError for a bad name, or if no client address is outside the VPC. A policy without interfaces
// gives a lab without them.
[[nodiscard]] LabPlan make_lab_plan(const Policy& policy, const std::string& name);

// Where the services are, as a place in `endpoints`; the internet's for a plan without them.
[[nodiscard]] std::size_t services_of(const LabPlan& plan) noexcept;

// By the name of `lab exec` or by the policy's name; null if there is none.
[[nodiscard]] const LabEndpoint* find_endpoint(const LabPlan& plan, std::string_view name) noexcept;

}  // namespace vpcwall
