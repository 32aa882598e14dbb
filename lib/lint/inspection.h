// One run of checks over one policy: what a check may look at, and where it reports.
//
// Refers to the policy and the parameters, which must live as long. One thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lint/daemon_places.h"
#include "lint/finding.h"
#include "lint/parameters.h"
#include "lint/policy_index.h"
#include "lint/probe.h"

namespace vpcwall {

class Inspection {
 public:
  Inspection(const Policy& policy, const Parameters& parameters,
             std::uint64_t questions = QuestionBudget::most)
      : policy_(policy), parameters_(parameters), index_(policy), budget_(questions) {}

  // What the daemon's settings say, as far as a check asks.
  void know(std::optional<DaemonPlaces> places) noexcept { places_ = places; }
  [[nodiscard]] const std::optional<DaemonPlaces>& places() const noexcept { return places_; }

  // All that the check finds, in the order of the policy's objects.
  void run(const Check& check);
  // Of one object, by id. False: it has no such object, or the check does not apply to it.
  [[nodiscard]] bool run(const Check& check, std::string_view object);

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  [[nodiscard]] const PolicyIndex& index() const noexcept { return index_; }
  [[nodiscard]] bool has_run(const Check& check) const { return ran_.contains(&check); }
  [[nodiscard]] std::vector<PortRange> ports(std::string_view name) const {
    return parameters_.ports(*check_, name);
  }
  [[nodiscard]] std::uint32_t number(std::string_view name) const {
    return parameters_.number(*check_, name);
  }
  [[nodiscard]] std::string word(std::string_view name) const { return parameters_.word(*check_, name); }

  // The policy, ready to be asked; compiled at the first use.
  [[nodiscard]] Probe& probe();
  [[nodiscard]] QuestionBudget& budget() noexcept { return budget_; }

  // Without a remedy of its own, that of the check.
  void report(const SecurityGroup& group, std::string message, std::string remedy = {});
  void report(const SecurityGroup& group, Direction direction, const SecurityGroupRule& rule,
              std::string message, std::string remedy = {});
  void report(const NetworkAcl& acl, std::string message, std::string remedy = {});
  void report(const NetworkAcl& acl, Direction direction, const NetworkAclEntry& entry, std::string message,
              std::string remedy = {});
  void report(const PrefixList& list, std::string message, std::string remedy = {});
  void report(const Interface& interface, std::string message, std::string remedy = {});
  void report(SourcePosition at, std::string message, std::string remedy = {});  // of the policy as a whole
  void report(const Suppression& suppression, std::string message, std::string remedy = {});

  [[nodiscard]] std::vector<Finding>& findings() noexcept { return findings_; }
  [[nodiscard]] const std::vector<Finding>& findings() const noexcept { return findings_; }

 private:
  void add(SourcePosition at, Subject subject, std::string message, std::string remedy);

  const Policy& policy_;
  const Parameters& parameters_;
  PolicyIndex index_;
  QuestionBudget budget_;
  std::optional<DaemonPlaces> places_;
  std::optional<Probe> probe_;
  const Check* check_ = nullptr;  // that is running
  std::set<const Check*> ran_;
  std::vector<Finding> findings_;
};

// `group "web"`, `network ACL "public"`.
[[nodiscard]] std::string called(const SecurityGroup& group);
[[nodiscard]] std::string called(const NetworkAcl& acl);
[[nodiscard]] std::string called(const Interface& interface);
[[nodiscard]] std::string called(const PrefixList& list);
// "allow tcp 443 0.0.0.0/0"
[[nodiscard]] std::string describe(const NetworkAclEntry& entry);
// "tcp 443 from 0.0.0.0/0", "all to {group: web}"
[[nodiscard]] std::string describe(const SecurityGroupRule& rule, Direction direction,
                                   const PolicyIndex& index);

}  // namespace vpcwall
