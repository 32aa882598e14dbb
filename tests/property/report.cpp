#include "property/report.h"

#include "scenario/gate_text.h"
#include "scenario/packet_text.h"
#include "scenario/report.h"
#include "scenario/runner.h"
#include "scenario/scenario_writer.h"

namespace vpcwall::property {
namespace {

ExpectedGate expected_gate(const twin::GateAnswer& answer) {
  ExpectedGate gate{Gate::exempt, answer.place, Outcome::exempt, answer.rule};
  for (std::size_t i = 0; i < gate_count; ++i)
    if (to_string(static_cast<Gate>(i)) == answer.gate) gate.gate = static_cast<Gate>(i);
  for (std::size_t i = 0; i < outcome_count; ++i)
    if (to_string(static_cast<Outcome>(i)) == answer.outcome) gate.outcome = static_cast<Outcome>(i);
  return gate;
}

PacketCheck check_of(const Send& send, const twin::Answer& answer) {
  PacketCheck check;
  check.injected = {send.packet, send.path, send.from};
  for (const twin::GateAnswer& gate : answer.gates) check.gates.push_back(expected_gate(gate));
  check.fate = answer.accept ? Fate::accept : Fate::drop;
  return check;
}

}  // namespace

Scenario scenario_of(const Run& run, const std::optional<Failure>& failure) {
  Scenario scenario;
  scenario.id = "difference";
  scenario.title = "engine and twin";
  scenario.policy = run.policy;
  Engine engine(run.policy);
  Duration now{};
  const std::size_t end = failure ? std::min(failure->step + 1, run.steps.size()) : run.steps.size();
  for (std::size_t i = 0; i < end; ++i) {
    const Step& step = run.steps[i];
    if (step.at != now) scenario.steps.push_back({"wait", {}, Wait{step.at - now}});
    now = step.at;
    if (const auto* reload = std::get_if<Reload>(&step.what)) {
      engine.reload(reload->policy, now);
      scenario.steps.push_back({"policy", {}, Change{reload->policy, {}, {}}});
      continue;
    }
    const Send& send = std::get<Send>(step.what);
    const twin::Answer answer = engine.answer(send, now);
    const bool differs = failure && failure->invalid.empty() && i == failure->step;
    scenario.steps.push_back(
        {packet_text(send.packet), {}, check_of(send, differs ? failure->expected : answer)});
  }
  return scenario;
}

std::string scenario_text(const Run& run, const std::optional<Failure>& failure) {
  ScenarioFile file;
  file.title = "engine and twin";
  file.scenarios = {scenario_of(run, failure)};
  return emit_scenarios(file);
}

std::string report(const Run& run, const Failure& failure) {
  const std::string text = scenario_text(run, failure);
  if (!failure.invalid.empty()) return text + "\nits last policy is not valid:\n" + failure.invalid;
  const Scenario scenario = scenario_of(run, failure);
  return text + "\nexpected is what the twin says, actual what the engine says:\n" +
         failure_text(scenario, run_scenario(scenario), "scenario");
}

}  // namespace vpcwall::property
