// CompiledPolicy: a Policy made ready to match, immutable once compile() has returned it.
//
// Names and references are gone: interfaces point at subnets and ACLs by index, group references and prefix
// lists have become address sets, entries stand in the order in which they are tried, and everything that
// counts has a slot. What a rule means is decided in lib/engine; this file only says what is there.
// Any number of threads may read it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/address.h"
#include "net/packet.h"
#include "policy/address_set.h"
#include "policy/compiled_traffic.h"
#include "policy/counter_slots.h"
#include "policy/known_addresses.h"
#include "policy/policy.h"
#include "policy/prefix_map.h"
#include "policy/rule_index.h"

namespace vpcwall {

// A number that an interface keeps for the life of the process, over every reload.
using InterfaceNumber = std::uint32_t;

struct CompiledRule {
  CompiledTraffic traffic;
  Prefix prefix;                          // used when `set` is null
  std::shared_ptr<const AddressSet> set;  // members of a group, or entries of a prefix list
  bool open = false;                      // peer is literally /0 in this family (C-13)
  bool names_group = false;               // peer is a group: never the source of multicast (S-53)
  CounterSlot slot = no_slot;

  [[nodiscard]] bool matches_peer(const IpAddress& peer) const noexcept {
    return set != nullptr ? set->contains(peer) : prefix.contains(peer);
  }
};

// The rules of some groups as one list: one direction, one family (S-5).
struct CompiledRules {
  std::vector<CompiledRule> rules;
  RuleIndex index;            // over `rules`
  RuleIndex open_rules;       // over those with an open peer, whoever asks; positions among themselves
  bool names_groups = false;  // some rule does
  bool open_all_tcp = false;  // an open peer and every port: condition (b) of C-8
  bool open_all_udp = false;

  [[nodiscard]] bool open_all(Protocol protocol) const noexcept {
    return protocol == Protocol::tcp ? open_all_tcp : open_all_udp;
  }
};

struct CompiledEntry {
  CompiledTraffic traffic;
  Prefix cidr;
  Action action = Action::deny;
  std::uint16_t number = 0;
  CounterSlot slot = no_slot;
};

// One list of an ACL: one direction, one family, ascending numbers (N-5, N-8).
struct CompiledEntries {
  std::vector<CompiledEntry> entries;
  RuleIndex index;
  CounterSlot default_slot = no_slot;  // `*`
};

template <class T>
using PerFamily = std::array<T, 2>;  // by Family
template <class T>
using PerDirection = std::array<T, 2>;  // by Direction

[[nodiscard]] constexpr std::size_t at(Family family) noexcept { return static_cast<std::size_t>(family); }
[[nodiscard]] constexpr std::size_t at(Direction direction) noexcept {
  return static_cast<std::size_t>(direction);
}

using GroupRules = PerDirection<PerFamily<CompiledRules>>;

struct CompiledAcl {
  std::string id, name;
  PerDirection<PerFamily<CompiledEntries>> lists;
};

struct CompiledSubnet {
  std::string id, name;
  PerFamily<std::optional<Prefix>> ranges;
  std::uint16_t acl = 0;  // index into CompiledPolicy::acls

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    const auto& range = ranges[at(address.family)];
    return range && range->contains(address);
  }
};

struct CompiledInterface {
  struct Membership {
    std::string id, name;
  };

  std::string id, name;
  std::vector<Membership> member_of;            // its security groups, in the order written
  InterfaceNumber number = 0;                   // for the life of the process
  std::uint64_t mark = 0;                       // a digest of the id: the same in every process
  std::uint16_t subnet = 0;                     // index into CompiledPolicy::subnets
  PerFamily<std::optional<IpAddress>> primary;  // its first address of the family (F-47)
  Interface::Type type = Interface::Type::interface;
  bool source_dest_check = true;
  bool has_device = false;  // a kernel device is bound to it: see CompiledPolicy::devices
  Tracking tracking;
  // The rules of all its groups, in the order in which they are tried: one part, or, where that would
  // multiply, one for each group (compiled_groups.h). Shared with other interfaces. None is null.
  std::vector<std::shared_ptr<const GroupRules>> groups;
  PerDirection<CounterSlot> default_slots{no_slot, no_slot};  // the implicit deny

  // Asks one part after the other until `ask` says yes; whether one did.
  template <class Ask>
  bool any_part(Direction direction, Family family, Ask&& ask) const {
    for (const std::shared_ptr<const GroupRules>& part : groups)
      if (ask((*part)[at(direction)][at(family)])) return true;
    return false;
  }
  // Every rule, in the order in which they are tried.
  template <class Visit>
  void each_rule(Direction direction, Family family, Visit&& visit) const {
    for (const std::shared_ptr<const GroupRules>& part : groups)
      for (const CompiledRule& rule : (*part)[at(direction)][at(family)].rules) visit(rule);
  }
};

struct CompiledPolicy {
  std::uint64_t generation = 0;
  std::vector<CompiledInterface> interfaces;
  std::vector<CompiledSubnet> subnets;
  std::vector<CompiledAcl> acls;
  AddressSet exempt_peers;         // E-7 to E-13, E-16 to E-18; `addresses` says the same of one address
  std::vector<Prefix> vpc_ranges;  // primary and secondary, both families
  Behavior behavior;

  // Which interface a kernel device carries, or no_interface.
  [[nodiscard]] InterfaceIndex interface_on(std::uint32_t device) const noexcept;
  // Which interface has this number, or no_interface when it is gone.
  [[nodiscard]] InterfaceIndex interface_numbered(InterfaceNumber number) const noexcept;
  [[nodiscard]] InterfaceIndex interface_named(std::string_view id_or_name) const noexcept;

  KnownAddresses addresses;  // whose an address is, and what else holds for it
  std::unordered_map<std::uint32_t, InterfaceIndex> devices;    // by kernel interface index
  std::unordered_map<InterfaceNumber, InterfaceIndex> numbers;  // of the interfaces that there are
};

// Every slot that `policy` counts into, once, in the order of its objects: ACLs first, then interfaces.
[[nodiscard]] std::vector<CounterSlot> active_slots(const CompiledPolicy& policy);

}  // namespace vpcwall
