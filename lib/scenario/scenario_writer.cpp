#include "scenario/scenario_writer.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "policy/policy_yaml.h"
#include "scenario/gate_text.h"
#include "scenario/outcome.h"
#include "scenario/packet_text.h"

namespace vpcwall {
namespace {

// A JSON string is a YAML string in double quotes.
std::string quoted_text(const std::string& text) { return nlohmann::json(text).dump(); }

// Plain where YAML allows it: `2001:db8:: > …` would be a key and its value.
std::string plain_text(const std::string& text) {
  return text.ends_with(':') || text.find(": ") != std::string::npos ? quoted_text(text) : text;
}

std::string seconds_text(Duration duration) {
  constexpr Duration::rep billion = 1'000'000'000;
  std::string text = std::to_string(duration.count() / billion);
  if (const Duration::rep rest = duration.count() % billion; rest != 0) {
    const std::string digits = std::to_string(rest);
    text += '.' + std::string(9 - digits.size(), '0') + digits;
  }
  return text;
}

bool has_steps(const Scenario& scenario) {
  for (const ScenarioStep& step : scenario.steps) {
    const auto* change = std::get_if<Change>(&step.what);
    if (change == nullptr || change->after) return true;
  }
  return false;
}

class Writer {
 public:
  std::string write(const ScenarioFile& file) {
    out_ << "version: 1\n";
    if (!file.title.empty()) out_ << "title: " << quoted_text(file.title) << '\n';
    out_ << (file.scenarios.empty() ? "cases: []\n" : "cases:\n");
    for (const Scenario& scenario : file.scenarios) write(scenario);
    return out_.str();
  }

 private:
  void write(const Scenario& scenario) {
    out_ << "  - id: " << quoted_text(scenario.id) << '\n';
    if (!scenario.title.empty()) out_ << "    title: " << quoted_text(scenario.title) << '\n';
    if (!scenario.covers.empty()) out_ << "    covers: " << nlohmann::json(scenario.covers).dump() << '\n';
    if (!scenario.note.empty()) out_ << "    note: " << quoted_text(scenario.note) << '\n';
    out_ << "    policy:\n";
    policy(scenario.policy, "      ");
    // A refused change leaves nothing to write; a scenario of nothing else has no steps.
    out_ << "    steps:" << (has_steps(scenario) ? "\n" : " []\n");
    for (const ScenarioStep& step : scenario.steps) std::visit(*this, step.what);
  }

  void policy(const Policy& policy, const std::string& indent) {
    std::istringstream lines(emit_policy(policy));
    for (std::string line; std::getline(lines, line);) out_ << indent << line << '\n';
  }

 public:
  void operator()(const PacketCheck& check) {
    out_ << "      - packet: " << plain_text(packet_text(check.injected.packet)) << '\n';
    for (const PathSide& side : check.injected.path)
      out_ << (side.direction == Direction::egress ? "        leaving: " : "        arriving: ")
           << quoted_text(side.interface) << '\n';
    if (check.injected.from != Origin::believed)
      out_ << "        from: " << to_string(check.injected.from) << '\n';
    if (!check.fragments.empty()) {
      out_ << "        datagram: " << check.datagram << "\n        fragments: [";
      for (const FragmentRange& range : check.fragments)
        out_ << (&range == &check.fragments.front() ? "" : ", ") << range.first << '-' << range.last;
      out_ << "]\n";
    }
    out_ << "        expect: [";
    for (const ExpectedGate& gate : check.gates)
      out_ << (&gate == &check.gates.front() ? "" : ", ") << quoted_text(to_string(gate));
    out_ << "]\n        verdict: " << to_string(check.fate) << '\n';
    if (check.reason) out_ << "        reason: " << to_string(*check.reason) << '\n';
  }

  void operator()(const Wait& wait) { out_ << "      - wait: " << seconds_text(wait.duration) << '\n'; }

  // A refused change has no policy to write: what was asked for is not kept.
  void operator()(const Change& change) {
    if (!change.after) return;
    out_ << "      - policy:\n";
    policy(*change.after, "          ");
  }

  void operator()(const StateCheck& check) {
    out_ << "      - state: {";
    if (check.flows) out_ << "flows: " << *check.flows;
    if (check.flows && check.conntrack_allowance_exceeded) out_ << ", ";
    if (check.conntrack_allowance_exceeded)
      out_ << "conntrack_allowance_exceeded: " << *check.conntrack_allowance_exceeded;
    out_ << "}\n";
  }

  void operator()(const FlowLogCheck& check) {
    out_ << "      - flow_log: {format: " << quoted_text(check.format);
    if (check.action) out_ << ", action: " << (*check.action == RecordAction::accept ? "ACCEPT" : "REJECT");
    out_ << ", records: " << nlohmann::json(check.records).dump() << "}\n";
  }

  void operator()(const AuditCheck& check) {
    out_ << "      - audit: {rule: " << quoted_text(check.rule)
         << (check.object.starts_with("sg-") ? ", group: " : ", network_acl: ") << quoted_text(check.object)
         << ", authorized_tcp_ports: " << nlohmann::json(check.options.authorized_tcp_ports).dump()
         << ", expect: " << to_string(check.expected) << "}\n";
  }

 private:
  std::ostringstream out_;
};

}  // namespace

std::string emit_scenarios(const ScenarioFile& file) { return Writer().write(file); }

}  // namespace vpcwall
