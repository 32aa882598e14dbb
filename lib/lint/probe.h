// Asks evaluate() what would become of packets that a check thought up.
//
//   Probe probe(policy, budget);
//   if (probe.accepts(packet, probe.entering(interface)))  …
//
// Nothing is judged here: every answer is a Decision. A conversation is played on a table of its own that is
// empty again afterwards. Every question costs of a budget, so that a hostile policy cannot keep lint busy
// for ever: once it is used up, may_ask() is false, and a check that has not seen enough says nothing. One
// thread. The policy is compiled and not referred to afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/evaluate.h"
#include "policy/compile.h"

namespace vpcwall {

class QuestionBudget {
 public:
  static constexpr std::uint64_t most = 50'000'000;
  explicit QuestionBudget(std::uint64_t questions = most) : left_(questions) {}

  [[nodiscard]] bool may_ask() const noexcept { return left_ != 0; }
  void spend(std::uint64_t questions) noexcept { left_ -= questions < left_ ? questions : left_; }

 private:
  std::uint64_t left_;
};

class Probe {
 public:
  Probe(const Policy& policy, QuestionBudget& budget);

  // One side's gates only: what comes from, or goes to, somewhere else.
  [[nodiscard]] Journey entering(const Interface& interface) const;
  [[nodiscard]] Journey leaving(const Interface& interface) const;

  [[nodiscard]] Decision ask(const Packet& packet, const Journey& journey);
  // What becomes of `reply` after `request` was accepted; nothing when it was not.
  [[nodiscard]] std::optional<Decision> converse(const Packet& request, const Journey& there,
                                                 const Packet& reply, const Journey& back);

  // A peer in that range whom rules concern: nobody filters what AWS's own services send or are sent. Nothing
  // when there is none. Costs a question, so that looking for witnesses is bounded as well.
  [[nodiscard]] std::optional<IpAddress> peer_between(const IpAddress& first, const IpAddress& last);
  // The number of the entry, or `*`, that the gate `acl-ingress` or `acl-egress` was decided by; nothing when
  // no such gate was met.
  [[nodiscard]] std::optional<std::string> deciding_entry(const Decision& decision) const;

 private:
  CompileContext context_;
  std::shared_ptr<const CompiledPolicy> policy_;
  QuestionBudget& budget_;
  FlowAllowance allowance_;
  FlowTable flows_;
};

}  // namespace vpcwall
