#include "observe/observation_cell.h"

#include <utility>

namespace vpcwall {
namespace {

void describe_last_gate(FlowLine& line, const Decision& decision, const CompiledPolicy& policy) {
  if (decision.gate_size == 0) return;
  const GateOutcome& last = decision.gates.at(decision.gate_size - 1U);
  line.last_outcome = last.outcome;
  line.last_interface = last.interface < policy.interfaces.size() ? policy.interfaces[last.interface].number
                                                                  : no_interface_number;
}

}  // namespace

void ObservationCell::open(std::shared_ptr<const BoundFilter> filter, std::size_t flows,
                           std::vector<ObservedChange> room) {
  filters_.clear();
  filters_.reserve(2);
  filters_.push_back(std::move(filter));
  lines_ = FlowLines(flows);
  events_ = std::move(room);
  decided_ = missed_ = 0;
}

void ObservationCell::close() { filters_.clear(); }

void ObservationCell::announce(std::shared_ptr<const BoundFilter> filter) {
  if (filters_.size() == 2) filters_.erase(filters_.begin());
  filters_.push_back(std::move(filter));
}

const BoundFilter* ObservationCell::filter_for(std::uint64_t generation) const noexcept {
  for (const auto& filter : filters_)
    if (filter->generation() == generation) return filter.get();
  return nullptr;
}

void ObservationCell::note(const Expected<Packet, ParseError>& packet, const Decision& decision,
                           const std::shared_ptr<const CompiledPolicy>& policy, TimePoint at,
                           std::atomic<std::uint64_t>& numbers) {
  const BoundFilter* filter = filter_for(policy->generation);
  if (filter == nullptr || !filter->passes(packet, decision)) return;
  ++decided_;
  const ObservedFlow flow = observed_flow(packet, decision, *policy);
  const Said said = said_by(decision);
  FlowLine& line = lines_.place_of(flow);
  const bool known = line.seen > 0 && line.flow == flow;
  if (known && line.said == said) {
    ++line.repeats;
    lines_.touch(line);
    return;
  }
  if (events_.size() == events_.capacity()) {
    ++missed_;
    return;
  }
  ObservedChange& change = events_.emplace_back(ObservedChange{
      {numbers.fetch_add(1, std::memory_order_relaxed), at, packet, decision, policy}, {}, {}});
  if (known) change.before = line.said;
  if (line.repeats > 0) change.repeated = Repeats{line, line.repeats};
  line = FlowLine{flow, said, change.event.sequence, 0, 0, Outcome::exempt, 0};
  describe_last_gate(line, decision, *policy);
  lines_.touch(line);
}

std::uint64_t ObservationCell::take(std::vector<ObservedChange>& room) {
  events_.swap(room);
  return std::exchange(missed_, 0);
}

bool ObservationCell::take_repeats(std::size_t first, std::size_t count, std::vector<Repeats>& into) {
  for (FlowLine& line : lines_.piece(first, count))
    if (line.repeats > 0) into.push_back({line, std::exchange(line.repeats, 0)});
  return first + count < lines_.places();
}

}  // namespace vpcwall
