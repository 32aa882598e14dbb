#include "scenario/outcome.h"

#include <algorithm>

#include "policy/reporter.h"
#include "scenario/gate_text.h"

namespace vpcwall {
namespace {

StepOutcome failed(std::string difference) { return {false, std::move(difference), std::nullopt, {}, {}}; }

}  // namespace

bool ScenarioOutcome::passed() const noexcept {
  return std::all_of(steps.begin(), steps.end(), [](const StepOutcome& step) { return step.passed; });
}

std::string_view to_string(Fate fate) noexcept {
  switch (fate) {
    case Fate::accept: return "accept";
    case Fate::drop: return "drop";
    case Fate::held: return "held";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

StepOutcome compare(const PacketCheck& expected, const SeenPacket& seen) {
  StepOutcome outcome;
  if (!meet(expected.gates, seen.gates)) {
    outcome = failed("the gates differ");
  } else if (expected.fate != seen.fate) {
    outcome = failed("the verdict differs");
  } else if (expected.reason && *expected.reason != seen.reason) {
    outcome = failed("the reason differs: " + std::string(to_string(*expected.reason)) + " was expected");
  }
  outcome.seen = seen;
  return outcome;
}

StepOutcome compare(const Change& change) {
  if (change.after) {
    if (!change.refused) return {};
    return failed("the change was accepted, " + *change.refused + " was expected");
  }
  if (!change.refused) return failed("the change was refused: " + to_string(change.diagnostics.front()));
  const bool same = std::any_of(change.diagnostics.begin(), change.diagnostics.end(),
                                [&](const Diagnostic& one) { return one.aws_code == *change.refused; });
  if (same) return {};
  std::string codes;
  for (const Diagnostic& one : change.diagnostics)
    codes += (codes.empty() ? "" : ", ") + (one.aws_code.empty() ? std::string("no code") : one.aws_code);
  return failed("the change was refused with " + codes + ", " + *change.refused +
                " was expected: " + to_string(change.diagnostics.front()));
}

StepOutcome compare(const FlowLogCheck& expected, const std::vector<FlowRecord>& records) {
  std::vector<std::string> lines;
  for (const FlowRecord& record : records) {
    if (expected.action && (record.no_data || record.action != *expected.action)) continue;
    const auto line = record_text(record, expected.format);
    if (!line) return failed(line.error());
    lines.push_back(*line);
  }
  if (lines == expected.records) return {};
  StepOutcome outcome = failed("the flow log differs");
  for (const std::string& line : expected.records) outcome.trace.push_back("expected record: " + line);
  for (const std::string& line : lines) outcome.trace.push_back("actual record:   " + line);
  return outcome;
}

StepOutcome compare(const AuditCheck& expected, const Policy& policy) {
  const auto found = audit(policy, expected.rule, expected.object, expected.options);
  if (!found) return failed(found.error());
  if (*found == expected.expected) return {};
  return failed("the audit says " + std::string(to_string(*found)) + ", " +
                std::string(to_string(expected.expected)) + " was expected");
}

StepOutcome compare(const StateCheck& expected, std::uint64_t flows,
                    std::uint64_t conntrack_allowance_exceeded) {
  if (expected.flows && *expected.flows != flows)
    return failed("found " + std::to_string(flows) + " flows, " + std::to_string(*expected.flows) +
                  " were expected");
  if (expected.conntrack_allowance_exceeded &&
      *expected.conntrack_allowance_exceeded != conntrack_allowance_exceeded)
    return failed("found conntrack_allowance_exceeded " + std::to_string(conntrack_allowance_exceeded) +
                  ", " + std::to_string(*expected.conntrack_allowance_exceeded) + " was expected");
  return {};
}

}  // namespace vpcwall
