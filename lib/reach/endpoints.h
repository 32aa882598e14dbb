// Who can talk to whom: every interface, and what the policy tells apart outside of them.
//
//   const EndpointMap endpoints = find_endpoints(policies);       // one policy, or two that are compared
//
// An endpoint has a name and addresses; an address belongs to exactly one. Outside of the interfaces an
// address belongs to the narrowest range that a rule in use names and that holds it: a prefix list, a CIDR
// block, or the internet, which is what no rule names. Each endpoint's addresses fall into classes that no
// rule tells apart, so that what is true of one address of a class, its witness, is true of all.
//
// Two policies make classes that neither of them tells apart. Interfaces are the same when their id is.
// Pure; any thread. An EndpointMap owns what it holds.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "policy/compiled_policy.h"
#include "policy/policy.h"
#include "reach/address_range.h"

namespace vpcwall {

// One policy, as it was written and ready to match.
struct PolicyForms {
  const Policy& written;
  const CompiledPolicy& compiled;
};
inline constexpr std::size_t max_compared = 2;

// Prefixes that all sets of a policy may have together; each costs memory and time.
inline constexpr std::size_t max_named_prefixes = std::size_t{1} << 20U;

enum class EndpointKind : std::uint8_t {
  internet,     // what no rule names
  prefix_list,  // the entries of a list, as far as nothing narrower is named in them
  range,        // a CIDR block of a rule or entry, likewise
  interface,
  unassigned,  // inside the VPC, but no interface's
  service,     // AWS's own, which no gate filters (E-16 to E-18)
  special,     // loopback, link-local, multicast
};
[[nodiscard]] std::string_view to_string(EndpointKind kind) noexcept;
// Shown unless everything is asked for.
[[nodiscard]] constexpr bool is_ordinary(EndpointKind kind) noexcept {
  return kind <= EndpointKind::interface;
}

struct Endpoint {
  std::string name;  // unique
  std::string id;    // of an interface or a prefix list; otherwise empty
  EndpointKind kind = EndpointKind::internet;
  PerFamily<std::vector<std::size_t>> classes;  // places in EndpointMap::classes
};

// Its name; with the addresses behind it that are meant, where they are not all.
[[nodiscard]] std::string describe(const Endpoint& endpoint, std::span<const AddressRange> some);

// Whose the addresses are; where no interface has them, whose subnet's ACL is asked about them (O-20).
struct GuardedBy {
  InterfaceIndex interface = no_interface;
  SubnetIndex subnet = no_subnet;
  friend bool operator==(const GuardedBy&, const GuardedBy&) = default;
};

struct AddressClass {
  Family family = Family::ipv4;
  std::size_t endpoint = 0;  // place in EndpointMap::all
  std::vector<AddressRange> ranges;
  IpAddress witness;
  std::array<GuardedBy, max_compared> guards;  // under each policy
};

struct EndpointMap {
  std::vector<Endpoint> all;  // by kind, then in the order of the policy
  std::vector<AddressClass> classes;

  // Everything an endpoint has of a family.
  [[nodiscard]] std::vector<AddressRange> addresses(const Endpoint& endpoint, Family family) const;
  // Which endpoint is meant: by name or id.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] std::optional<std::size_t> class_of(const IpAddress& address) const;
};

// The mistake says what there is too much of.
[[nodiscard]] Expected<EndpointMap, std::string> find_endpoints(std::span<const PolicyForms> policies);

}  // namespace vpcwall
