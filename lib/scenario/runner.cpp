#include "scenario/runner.h"

#include "record/flow_log.h"
#include "replay/reassembler.h"
#include "replay/simulation.h"
#include "scenario/gate_text.h"

namespace vpcwall {
namespace {

constexpr std::size_t flow_capacity = 1U << 12U;  // far more than the packets of a scenario

class Runner {
 public:
  Runner(const Scenario& scenario, const RunOptions& options)
      : options_(options), written_(in_force(scenario.policy)), simulation_(written_, flow_capacity) {}

  StepOutcome operator()(const PacketCheck& check) {
    const auto journey = simulation_.journey(check.injected);
    if (!journey) return {false, journey.error().message, std::nullopt, {}, {}};
    if (const Fate fate = reassemble(check); fate != Fate::accept)
      return compare(check, {fate, {}, Reason::fragment});
    Trace trace;
    (void)simulation_.explain(check.injected.packet, *journey, now_, trace);
    const Decision decision = simulation_.packet(check.injected.packet, *journey, now_);
    if (options_.observe) options_.observe(written_, simulation_, decision);
    flow_log_.add(simulation_.policy(), check.injected.packet, *journey, decision, now_);
    const Fate fate = decision.verdict == Verdict::accept ? Fate::accept : Fate::drop;
    StepOutcome outcome = compare(
        check, {fate, gates_of(decision, simulation_.policy(), simulation_.slots()), decision.reason});
    if (!outcome.passed) outcome.trace = lines_of(trace);
    return outcome;
  }

  StepOutcome operator()(const Wait& wait) {
    now_ += wait.duration;
    return {};
  }

  StepOutcome operator()(const Change& change) {
    if (change.after) {
      written_ = in_force(*change.after);
      simulation_.reload(written_, now_);
    }
    return compare(change);
  }

  StepOutcome operator()(const FlowLogCheck& check) {
    return compare(check, flow_log_.close(simulation_.policy(), now_));
  }

  StepOutcome operator()(const AuditCheck& check) { return compare(check, written_); }

  StepOutcome operator()(const StateCheck& check) {
    const Counters& counters = simulation_.shard().counters();
    const std::uint64_t refused = counters.gate(Gate::sg_ingress, Outcome::table_full).packets +
                                  counters.gate(Gate::sg_egress, Outcome::table_full).packets;
    return compare(check, simulation_.live_flows(now_), refused);
  }

 private:
  [[nodiscard]] Policy in_force(const Policy& policy) const {
    return options_.replace ? options_.replace(policy) : policy;
  }

  // accept: there is a whole packet to judge.
  Fate reassemble(const PacketCheck& check) {
    Fate fate = Fate::accept;
    const Packet& packet = check.injected.packet;
    for (const FragmentRange& range : check.fragments) {
      const bool more = range.last < check.datagram_length;
      const Reassembly state = reassembler_.add({packet.source, packet.destination, check.datagram},
                                                {range.first, range.last, more, {}, {}}, now_);
      if (state == Reassembly::refused) return Fate::drop;
      fate = state == Reassembly::complete ? Fate::accept : Fate::held;
    }
    return fate;
  }

  [[nodiscard]] std::vector<std::string> lines_of(const Trace& trace) const {
    std::vector<std::string> lines;
    for (const TraceStep& step : trace.steps) {
      Decision one;
      one.gate_size = 1;
      one.gates.at(0) = step.gate;
      std::string line = to_string(gates_of(one, simulation_.policy(), simulation_.slots()).front());
      if (step.flow) {
        line += ": by a flow in state " + std::string(to_string(step.flow->state));
      } else if (step.gate.gate != Gate::exempt) {
        line += ": " + std::to_string(step.considered) + " compared";
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

  const RunOptions& options_;
  Policy written_;  // the policy in force, as it was written
  Simulation simulation_;
  FlowLog flow_log_;
  Reassembler reassembler_;
  Duration now_{};
};

}  // namespace

ScenarioOutcome run_scenario(const Scenario& scenario, const RunOptions& options) {
  Runner runner(scenario, options);
  ScenarioOutcome outcome;
  for (const ScenarioStep& step : scenario.steps) outcome.steps.push_back(std::visit(runner, step.what));
  return outcome;
}

}  // namespace vpcwall
