#include "record/flow_log.h"

#include <algorithm>

namespace vpcwall {
namespace {

std::int64_t seconds_of(Duration at) noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(at).count();
}

bool is_egress(Gate gate) noexcept { return gate == Gate::sg_egress || gate == Gate::acl_egress; }

// The gate that refused belongs to the leaving side; a source/destination check says by its interface whose
// it is.
bool refused_when_leaving(const Decision& decision, const Journey& journey) noexcept {
  if (decision.verdict == Verdict::accept || decision.gate_size == 0) return false;
  const GateOutcome& last = decision.gates.at(decision.gate_size - 1U);
  return last.gate == Gate::source_dest_check ? last.interface == journey.leaves : is_egress(last.gate);
}

}  // namespace

void FlowLog::add(const CompiledPolicy& policy, const Packet& packet, const Journey& journey,
                  const Decision& decision, Duration at) {
  const bool unfiltered = decision.reason == Reason::exempt || decision.reason == Reason::not_guarded ||
                          decision.reason == Reason::loopback;
  if (unfiltered) return;
  const bool stopped = refused_when_leaving(decision, journey);
  // What did not come from where it claims to come from has left nothing.
  const bool forged = decision.reason == Reason::source_dest_check && decision.gate_size == 1 &&
                      journey.origin != Origin::believed && !stopped;
  if (journey.leaves != no_interface && !forged)
    record(policy, packet, journey.leaves, Direction::egress,
           stopped ? RecordAction::reject : RecordAction::accept, at);
  if (journey.enters != no_interface && !stopped)
    record(policy, packet, journey.enters, Direction::ingress,
           decision.verdict == Verdict::accept ? RecordAction::accept : RecordAction::reject, at);
}

void FlowLog::record(const CompiledPolicy& policy, const Packet& packet, InterfaceIndex side,
                     Direction direction, RecordAction action, Duration at) {
  const CompiledInterface& interface = policy.interfaces.at(side);
  const bool ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  const Key key{interface.id,
                packet.source,
                packet.destination,
                ports ? packet.source_port : std::uint16_t{0},
                ports ? packet.destination_port : std::uint16_t{0},
                packet.protocol,
                direction,
                action};
  auto place = places_.find(key);
  if (place == places_.end()) {
    if (records_.size() == max_flows) return;
    FlowRecord fresh;
    fresh.interface_id = interface.id;
    fresh.subnet_id = policy.subnets.at(interface.subnet).id;
    fresh.source = fresh.packet_source = packet.source;
    fresh.destination = fresh.packet_destination = packet.destination;
    // F-47: the interface's own end shows its primary address, whatever the packet says.
    const auto& primary = interface.primary[::vpcwall::at(packet.family())];
    if (primary) (direction == Direction::ingress ? fresh.destination : fresh.source) = *primary;
    fresh.source_port = key.source_port;
    fresh.destination_port = key.destination_port;
    fresh.protocol = packet.protocol;
    fresh.start = seconds_of(at);
    fresh.action = action;
    fresh.direction = direction;
    const IpAddress& peer = direction == Direction::ingress ? packet.source : packet.destination;
    fresh.inside_vpc = std::any_of(policy.vpc_ranges.begin(), policy.vpc_ranges.end(),
                                   [&](const Prefix& range) { return range.contains(peer); });
    place = places_.emplace(key, records_.size()).first;
    records_.push_back(std::move(fresh));
  }
  FlowRecord& known = records_.at(place->second);
  ++known.packets;
  known.bytes += packet.length;
  known.end = seconds_of(at);
  if (packet.protocol == Protocol::tcp && packet.transport == Transport::whole)
    known.tcp_flags = static_cast<std::uint8_t>(known.tcp_flags | record_flags(packet.tcp_flags));
}

std::vector<FlowRecord> FlowLog::close(const CompiledPolicy& policy, Duration at) {
  std::vector<FlowRecord> records = std::move(records_);
  for (const CompiledInterface& interface : policy.interfaces) {
    const bool seen = std::any_of(records.begin(), records.end(),
                                  [&](const FlowRecord& one) { return one.interface_id == interface.id; });
    if (seen) continue;
    FlowRecord quiet;
    quiet.interface_id = interface.id;
    quiet.subnet_id = policy.subnets.at(interface.subnet).id;
    quiet.start = seconds_of(begun_);
    quiet.end = seconds_of(at);
    quiet.no_data = true;
    records.push_back(std::move(quiet));
  }
  records_.clear();
  places_.clear();
  begun_ = at;
  return records;
}

}  // namespace vpcwall
