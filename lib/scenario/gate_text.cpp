#include "scenario/gate_text.h"

#include <algorithm>
#include <sstream>

#include "policy/reporter.h"

namespace vpcwall {
namespace {

template <class Word>
std::optional<Word> word_of(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (to_string(static_cast<Word>(i)) == text) return static_cast<Word>(i);
  return std::nullopt;
}

bool is_group(Gate gate) noexcept { return gate == Gate::sg_ingress || gate == Gate::sg_egress; }

// Whether this gate can say that at all; an expectation that can never come true is a mistake of the file.
bool can_say(Gate gate, Outcome outcome) noexcept {
  if (gate == Gate::exempt) return outcome == Outcome::exempt;
  if (gate == Gate::source_dest_check) return outcome == Outcome::deny;
  if (is_acl(gate)) return outcome == Outcome::allow || outcome == Outcome::deny;
  return outcome != Outcome::allow && outcome != Outcome::exempt;
}

Unexpected<JsonMistake> mistake(std::string_view text, std::string_view expected) {
  return Unexpected{JsonMistake{"found " + vpcwall::quoted(text) + ", expected " + std::string(expected)}};
}

}  // namespace

Expected<ExpectedGate, JsonMistake> read_gate_text(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const auto gate = words.empty() ? std::nullopt : word_of<Gate>(words[0], gate_count);
  if (!gate)
    return mistake(text,
                   "a gate: acl-ingress, acl-egress, sg-ingress, sg-egress, source-dest-check or exempt");
  ExpectedGate result;
  result.gate = *gate;
  if (*gate == Gate::exempt)
    return words.size() == 1 ? Expected<ExpectedGate, JsonMistake>(result) : mistake(text, "exempt alone");
  const bool acl = is_acl(*gate);
  if (words.size() < 3)
    return mistake(text, acl ? "GATE SUBNET allow|deny NUMBER" : "GATE INTERFACE OUTCOME");
  const auto outcome = word_of<Outcome>(words[2], outcome_count);
  if (!outcome || !can_say(*gate, *outcome))
    return mistake(words[2], acl ? "allow or deny"
                             : *gate == Gate::source_dest_check
                                 ? "deny"
                                 : "new, tracked, untracked, no-state, pmtud, deny "
                                   "or table-full");
  result.place = words[1];
  result.outcome = *outcome;
  if (words.size() == 4) result.rule = words[3];
  if (acl && words.size() != 4)
    return mistake(text, "the number of the entry that decides, or *, at the end");
  if (words.size() > 4 || (!acl && !is_group(*gate) && words.size() > 3))
    return mistake(text, "nothing behind the outcome");
  return result;
}

std::string to_string(const ExpectedGate& gate) {
  std::string text(to_string(gate.gate));
  if (gate.gate == Gate::exempt) return text;
  text += ' ' + gate.place + ' ' + std::string(to_string(gate.outcome));
  if (!gate.rule.empty()) text += ' ' + gate.rule;
  return text;
}

std::vector<ExpectedGate> gates_of(const Decision& decision, const CompiledPolicy& policy,
                                   const CounterSlots& slots) {
  std::vector<ExpectedGate> gates;
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& met = decision.gates.at(i);
    ExpectedGate gate{met.gate, {}, met.outcome, {}};
    if (met.gate != Gate::exempt) {
      gate.place = place_of(policy, met);
      if (met.rule != no_slot) {
        if (is_acl(met.gate)) gate.rule = slots.identity(met.rule).rule;
        if (slots.identity(met.rule).kind == RuleKind::group_rule) gate.rule = slots.owner_name(met.rule);
      }
    }
    gates.push_back(std::move(gate));
  }
  return gates;
}

bool meets(const ExpectedGate& expected, const ExpectedGate& actual) noexcept {
  const bool rule = expected.rule == actual.rule || (expected.rule.empty() && !is_acl(expected.gate));
  return expected.gate == actual.gate && expected.place == actual.place &&
         expected.outcome == actual.outcome && rule;
}

bool meet(const std::vector<ExpectedGate>& expected, const std::vector<ExpectedGate>& actual) {
  return std::equal(expected.begin(), expected.end(), actual.begin(), actual.end(), meets);
}

}  // namespace vpcwall
