// Who uses what in a policy: looked up by id, once made. Refers to the policy, which must live as long.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

// Interfaces of one subnet with the same groups meet the same gates; one stands for all.
struct Place {
  const Interface* interface = nullptr;
  const Subnet* subnet = nullptr;
  const NetworkAcl* acl = nullptr;
};

class PolicyIndex {
 public:
  explicit PolicyIndex(const Policy& policy);

  [[nodiscard]] const SecurityGroup* group(std::string_view id) const { return find(groups_, id); }
  [[nodiscard]] const NetworkAcl* acl(std::string_view id) const { return find(acls_, id); }
  [[nodiscard]] const PrefixList* list(std::string_view id) const { return find(lists_, id); }

  // Every interface that carries the group, and all that stand for others of their place.
  [[nodiscard]] const std::vector<const Interface*>& members(std::string_view group) const {
    return of(members_, group);
  }
  [[nodiscard]] const std::vector<Place>& places() const noexcept { return places_; }
  [[nodiscard]] bool is_referenced(const SecurityGroup& group) const;  // by a rule of another group (S-81)
  [[nodiscard]] std::size_t references(const PrefixList& list) const;  // rules that name it (S-30)
  [[nodiscard]] bool is_associated(const NetworkAcl& acl) const;       // with a subnet

  // Whom a rule lets in or out, as ranges: of a group the addresses of its members (S-40 to S-42).
  [[nodiscard]] std::vector<Prefix> peers(const Peer& peer) const;

 private:
  template <class Object>
  using ById = std::map<std::string_view, Object, std::less<>>;
  template <class Object>
  static const Object* find(const ById<const Object*>& all, std::string_view id) {
    const auto found = all.find(id);
    return found == all.end() ? nullptr : found->second;
  }
  static const std::vector<const Interface*>& of(const ById<std::vector<const Interface*>>& all,
                                                 std::string_view id);

  void index_references(const Policy& policy);
  void find_places(const Policy& policy);

  ById<const SecurityGroup*> groups_;
  ById<const NetworkAcl*> acls_;
  ById<const PrefixList*> lists_;
  ById<const Subnet*> subnets_;
  ById<std::vector<const Interface*>> members_;
  ById<std::size_t> references_;
  ById<bool> associated_, referenced_;
  std::vector<Place> places_;
};

}  // namespace vpcwall
