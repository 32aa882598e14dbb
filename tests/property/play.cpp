#include "property/play.h"

#include <stdexcept>

#include "policy/validate.h"

namespace vpcwall::property {
namespace {

constexpr std::size_t flow_capacity = 4096;  // more than a run opens: the interfaces' own limit is what fills

std::vector<twin::Side> sides_of(const Send& send) {
  std::vector<twin::Side> sides;
  for (const PathSide& side : send.path) sides.push_back({side.direction, side.interface});
  return sides;
}

std::string complaint(const Policy& policy) {
  std::string text;
  for (const Diagnostic& diagnostic : validate(policy)) text += to_string(diagnostic) + '\n';
  return text;
}

void count(Coverage& coverage, const Decision& decision) {
  ++coverage.reasons.at(static_cast<std::size_t>(decision.reason));
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates.at(i);
    ++coverage.gates.at(static_cast<std::size_t>(gate.gate)).at(static_cast<std::size_t>(gate.outcome));
  }
}

// What a packet did to the table, which held `before` flows.
void count_flows(Coverage& coverage, const Decision& decision, const FlowTable& flows, std::size_t before) {
  std::size_t opened = 0;
  for (std::size_t i = 0; i < decision.effect_size; ++i) {
    const FlowEffect& effect = decision.effects.at(i);
    const Flow* flow = flows.find(effect.key, TimePoint{});  // live: it was just seen
    if (flow == nullptr) continue;
    ++coverage.states.at(static_cast<std::size_t>(flow->state));
    opened += effect.kind == FlowEffect::Kind::open ? 1U : 0U;
  }
  coverage.expired += before + opened - flows.size();
}

}  // namespace

Coverage& Coverage::operator+=(const Coverage& other) noexcept {
  runs += other.runs;
  steps += other.steps;
  packets += other.packets;
  follow_ups += other.follow_ups;
  waits += other.waits;
  reloads += other.reloads;
  paths += other.paths;
  expired += other.expired;
  discarded += other.discarded;
  for (std::size_t i = 0; i < gate_count; ++i)
    for (std::size_t j = 0; j < outcome_count; ++j) gates.at(i).at(j) += other.gates.at(i).at(j);
  for (std::size_t i = 0; i < reason_count; ++i) reasons.at(i) += other.reasons.at(i);
  for (std::size_t i = 0; i < flow_state_count; ++i) states.at(i) += other.states.at(i);
  return *this;
}

std::string to_string(const Coverage& coverage) {
  std::string text = "runs " + std::to_string(coverage.runs) + ", steps " + std::to_string(coverage.steps) +
                     ", packets " + std::to_string(coverage.packets) + ", of which follow-ups " +
                     std::to_string(coverage.follow_ups) + " and with a path " +
                     std::to_string(coverage.paths) + ", waits " + std::to_string(coverage.waits) +
                     ", reloads " + std::to_string(coverage.reloads) + '\n';
  for (std::size_t i = 0; i < gate_count; ++i) {
    std::string line;
    for (std::size_t j = 0; j < outcome_count; ++j)
      if (const std::uint64_t met = coverage.gates.at(i).at(j); met > 0)
        line += ' ' + std::string(to_string(static_cast<Outcome>(j))) + ' ' + std::to_string(met);
    text += std::string(to_string(static_cast<Gate>(i))) + ':' + line + '\n';
  }
  text += "reasons:";
  for (std::size_t i = 0; i < reason_count; ++i)
    if (coverage.reasons.at(i) > 0)
      text +=
          ' ' + std::string(to_string(static_cast<Reason>(i))) + ' ' + std::to_string(coverage.reasons.at(i));
  text += "\nflows expired " + std::to_string(coverage.expired) + ", discarded by a reload " +
          std::to_string(coverage.discarded) + "; states after a packet:";
  for (std::size_t i = 0; i < flow_state_count; ++i)
    text +=
        ' ' + std::string(to_string(static_cast<FlowState>(i))) + ' ' + std::to_string(coverage.states.at(i));
  return text + '\n';
}

Engine::Engine(const Policy& policy) : simulation_(policy, flow_capacity) {}

Decision Engine::decision(const Send& send, Duration at) {
  const auto journey = simulation_.journey(PacketStep{send.packet, send.path, send.from});
  if (!journey) throw std::logic_error(journey.error().message);
  return simulation_.packet(send.packet, *journey, at);
}

twin::Answer Engine::words(const Decision& decision) const {
  const CompiledPolicy& policy = simulation_.policy();
  twin::Answer answer{decision.verdict == Verdict::accept, {}};
  for (std::size_t i = 0; i < decision.gate_size; ++i) {
    const GateOutcome& gate = decision.gates.at(i);
    twin::GateAnswer one{std::string(to_string(gate.gate)), {}, std::string(to_string(gate.outcome)), {}};
    if (gate.gate != Gate::exempt) {
      const bool acl = gate.gate == Gate::acl_ingress || gate.gate == Gate::acl_egress;
      one.place = place_of(policy, gate);
      if (acl) one.rule = simulation_.slots().identity(gate.rule).rule;
    }
    answer.gates.push_back(std::move(one));
  }
  return answer;
}

std::optional<Failure> play(const Run& run, Coverage& coverage) {
  ++coverage.runs;
  if (std::string text = complaint(run.policy); !text.empty()) return Failure{0, std::move(text), {}, {}};
  Engine engine(run.policy);
  twin::Twin twin(run.policy);
  Duration now{};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const Step& step = run.steps[i];
    ++coverage.steps;
    if (step.at != now) ++coverage.waits;
    now = step.at;
    if (const auto* reload = std::get_if<Reload>(&step.what)) {
      ++coverage.reloads;
      if (std::string text = complaint(reload->policy); !text.empty())
        return Failure{i, std::move(text), {}, {}};
      const std::size_t flows = engine.flows().size();
      engine.reload(reload->policy, now);
      coverage.discarded += flows - engine.flows().size();
      twin.reload(reload->policy, now);
      continue;
    }
    const Send& send = std::get<Send>(step.what);
    const std::size_t flows = engine.flows().size();
    const Decision decision = engine.decision(send, now);
    count_flows(coverage, decision, engine.flows(), flows);
    ++coverage.packets;
    coverage.follow_ups += step.follows ? 1U : 0U;
    coverage.paths += send.path.empty() ? 0U : 1U;
    count(coverage, decision);
    const twin::Answer expected = twin.packet(send.packet, sides_of(send), now, send.from);
    const twin::Answer actual = engine.words(decision);
    if (actual.accept != expected.accept || actual.gates != expected.gates)
      return Failure{i, {}, expected, actual};
  }
  return std::nullopt;
}

}  // namespace vpcwall::property
