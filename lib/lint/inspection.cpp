#include "lint/inspection.h"

#include <utility>

#include "policy/compile.h"
#include "policy/identity.h"
#include "policy/reporter.h"

namespace vpcwall {
namespace {

SourcePosition first_written(SourcePosition one, SourcePosition other, SourcePosition last = {}) noexcept {
  if (one.line != 0) return one;
  return other.line != 0 ? other : last;
}

template <class Object>
std::string called(std::string_view kind, const Object& object) {
  return std::string(kind) + ' ' + quoted(object.name.empty() ? object.id : object.name);
}

// Shows a check every object of its kind.
struct Tour {
  Inspection& inspection;
  const Policy& policy;

  void operator()(const NotAnswerable&) const {}
  void operator()(const Look<Policy>& look) const { look(policy, inspection); }
  void operator()(const Look<SecurityGroup>& look) const { all(look, policy.security_groups); }
  void operator()(const Look<NetworkAcl>& look) const { all(look, policy.network_acls); }
  void operator()(const Look<PrefixList>& look) const { all(look, policy.prefix_lists); }
  void operator()(const Look<Interface>& look) const { all(look, policy.interfaces); }

 private:
  template <class Object>
  void all(const Look<Object>& look, const std::vector<Object>& objects) const {
    for (const Object& object : objects) (void)look(object, inspection);
  }
};

}  // namespace

std::string called(const SecurityGroup& group) { return called("group", group); }
std::string called(const NetworkAcl& acl) { return called("network ACL", acl); }
std::string called(const Interface& interface) { return called("interface", interface); }
std::string called(const PrefixList& list) { return called("prefix list", list); }

std::string describe(const NetworkAclEntry& entry) {
  return (entry.action == Action::allow ? "allow " : "deny ") + describe(entry.traffic) + ' ' +
         to_string(entry.cidr);
}

std::string describe(const SecurityGroupRule& rule, Direction direction, const PolicyIndex& index) {
  std::string peer = peer_identity(rule.peer);
  if (const auto* reference = std::get_if<GroupReference>(&rule.peer)) {
    if (const SecurityGroup* group = index.group(reference->id)) peer = called(*group);
  } else if (const auto* listed = std::get_if<PrefixListReference>(&rule.peer)) {
    if (const PrefixList* list = index.list(listed->id)) peer = called(*list);
  }
  return describe(rule.traffic) + (direction == Direction::ingress ? " from " : " to ") + peer;
}

Probe& Inspection::probe() {
  if (!probe_) probe_.emplace(policy_, budget_);
  return *probe_;
}

void Inspection::run(const Check& check) {
  check_ = &check;
  std::visit(Tour{*this, policy_}, check.looks);
  ran_.insert(&check);
}

bool Inspection::run(const Check& check, std::string_view object) {
  check_ = &check;
  const auto one = [&](const auto& look, const auto& objects) {
    for (const auto& candidate : objects)
      if (candidate.id == object) return look(candidate, *this);
    return false;
  };
  if (const auto* of_group = std::get_if<Look<SecurityGroup>>(&check.looks))
    return one(*of_group, policy_.security_groups);
  if (const auto* of_acl = std::get_if<Look<NetworkAcl>>(&check.looks))
    return one(*of_acl, policy_.network_acls);
  if (const auto* of_list = std::get_if<Look<PrefixList>>(&check.looks))
    return one(*of_list, policy_.prefix_lists);
  if (const auto* of_interface = std::get_if<Look<Interface>>(&check.looks))
    return one(*of_interface, policy_.interfaces);
  return false;
}

void Inspection::report(const SecurityGroup& group, std::string message, std::string remedy) {
  add(group.at, {SubjectKind::security_group, group.id, group.name, {}, {}}, std::move(message),
      std::move(remedy));
}

void Inspection::report(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule,
                        std::string message, std::string remedy) {
  add(first_written(rule.at, group.at),
      {SubjectKind::security_group, group.id, group.name, rule.id,
       std::string(to_string(direction)) + ' ' + describe(rule, direction, index_)},
      std::move(message), std::move(remedy));
}

void Inspection::report(const NetworkAcl& acl, std::string message, std::string remedy) {
  add(acl.at, {SubjectKind::network_acl, acl.id, acl.name, {}, {}}, std::move(message), std::move(remedy));
}

void Inspection::report(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry,
                        std::string message, std::string remedy) {
  add(first_written(entry.at, acl.at),
      {SubjectKind::network_acl, acl.id, acl.name,
       std::string(to_string(direction)) + ' ' + std::to_string(entry.number), describe(entry)},
      std::move(message), std::move(remedy));
}

void Inspection::report(const PrefixList& list, std::string message, std::string remedy) {
  add(list.at, {SubjectKind::prefix_list, list.id, list.name, {}, {}}, std::move(message), std::move(remedy));
}

void Inspection::report(const Interface& interface, std::string message, std::string remedy) {
  add(interface.at, {SubjectKind::interface, interface.id, interface.name, {}, {}}, std::move(message),
      std::move(remedy));
}

void Inspection::report(SourcePosition at, std::string message, std::string remedy) {
  add(at, {}, std::move(message), std::move(remedy));
}

void Inspection::report(const Suppression& suppression, std::string message, std::string remedy) {
  add(suppression.at, {SubjectKind::suppression, {}, {}, {}, {}}, std::move(message), std::move(remedy));
}

void Inspection::add(SourcePosition at, Subject subject, std::string message, std::string remedy) {
  if (remedy.empty()) remedy = std::string(check_->remedy);
  findings_.push_back({check_, first_written(at, policy_.vpc.at), std::move(subject), std::move(message),
                       std::move(remedy), std::nullopt});
}

}  // namespace vpcwall
