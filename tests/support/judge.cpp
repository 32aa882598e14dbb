#include "support/judge.h"

#include "support/policies.h"

namespace vpcwall::test {
namespace {

std::string_view name_of(Gate gate) {
  switch (gate) {
    case Gate::exempt: return "EX";
    case Gate::source_dest_check: return "SD";
    case Gate::acl_ingress: return "NI";
    case Gate::acl_egress: return "NO";
    case Gate::sg_ingress: return "SI";
    case Gate::sg_egress: return "SO";
  }
  return "?";
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow: return "+";
    case Outcome::deny: return "-";
    case Outcome::fresh: return "+new";
    case Outcome::tracked: return "+st";
    case Outcome::untracked: return "+u";
    case Outcome::no_state: return "+r";
    case Outcome::pmtud: return "+e";
    case Outcome::table_full: return "-full";
    case Outcome::exempt: return "";
  }
  return "?";
}

}  // namespace

Judge::Judge(const Policy& policy, const std::vector<DeviceBinding>& devices) { use(policy, devices); }

void Judge::use(const Policy& policy, const std::vector<DeviceBinding>& devices) {
  policy_ = compile(policy, context_, ++generation_, devices);
  shard_.counters().reserve(context_.slots.size());
  shard_.adopt(policy_, now_);
  shard_.sweep(now_, shard_.flows().places());
}

std::string Judge::token(const GateOutcome& gate) const {
  std::string text(name_of(gate.gate));
  text += name_of(gate.outcome);
  if (gate.gate == Gate::acl_ingress || gate.gate == Gate::acl_egress)
    text += context_.slots.identity(gate.rule).rule;
  return text;
}

std::string Judge::operator()(const Packet& packet, Devices devices) {
  const Decision decision = shard_.judge(*policy_, {packet, find_journey(*policy_, packet, devices), now_});
  std::string text;
  for (std::size_t i = 0; i < decision.gate_size; ++i)
    text += (i == 0 ? "" : " ") + token(decision.gates.at(i));
  return text;
}

std::string Judge::operator()(std::string_view packet, Devices devices) {
  return (*this)(packet_of(packet), devices);
}

}  // namespace vpcwall::test
