#include "explain/port_coverage.h"

#include <algorithm>
#include <set>

namespace vpcwall {
namespace {

// Where pieces begin.
class Cuts {
 public:
  explicit Cuts(const Inquiry& inquiry) : range_(inquiry.source_ports), protocol_(inquiry.request.protocol) {
    starts_.insert(range_.first);
    for (const std::uint16_t dhcp :
         {std::uint16_t{67}, std::uint16_t{68}, std::uint16_t{546}, std::uint16_t{547}})
      add({dhcp, dhcp});  // E-19
  }

  void add(const CompiledTraffic& traffic) {
    if (!traffic.any_protocol && traffic.protocol == protocol_) add(traffic.ports);
  }
  void add(PortRange ports) {
    if (range_.contains(ports.first)) starts_.insert(ports.first);
    if (ports.last < range_.last && ports.last >= range_.first)
      starts_.insert(static_cast<std::uint16_t>(ports.last + 1));
  }
  [[nodiscard]] std::vector<PortRange> pieces() const {
    std::vector<PortRange> pieces;
    for (auto start = starts_.begin(); start != starts_.end(); ++start) {
      const auto next = std::next(start);
      const auto last = next == starts_.end() ? range_.last : static_cast<std::uint16_t>(*next - 1);
      pieces.push_back({*start, last});
    }
    return pieces;
  }

 private:
  PortRange range_;
  Protocol protocol_;
  std::set<std::uint16_t> starts_;
};

void add_side(Cuts& cuts, const CompiledPolicy& policy, InterfaceIndex index, Family family) {
  if (index == no_interface) return;
  const CompiledInterface& interface = policy.interfaces.at(index);
  const CompiledAcl& acl = policy.acls.at(policy.subnets.at(interface.subnet).acl);
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    interface.each_rule(direction, family, [&](const CompiledRule& rule) { cuts.add(rule.traffic); });
    for (const CompiledEntry& entry : acl.lists.at(at(direction)).at(at(family)).entries)
      cuts.add(entry.traffic);
  }
}

}  // namespace

bool PortCoverage::all_pass() const noexcept {
  return std::all_of(pieces.begin(), pieces.end(),
                     [](const PortPiece& piece) { return piece.story.passes(); });
}

bool PortCoverage::none_passes() const noexcept {
  return std::none_of(pieces.begin(), pieces.end(),
                      [](const PortPiece& piece) { return piece.story.passes(); });
}

std::vector<PortOutcome> PortCoverage::outcomes() const {
  std::vector<PortOutcome> outcomes;
  for (const PortPiece& piece : pieces) {
    if (!outcomes.empty() && outcomes.back().passes == piece.story.passes())
      outcomes.back().ports.last = piece.ports.last;
    else
      outcomes.push_back({piece.ports, piece.story.passes()});
  }
  return outcomes;
}

const Story& PortCoverage::story(std::uint16_t usual_port) const noexcept {
  const bool blocked = !all_pass();
  const PortPiece* told = nullptr;
  for (const PortPiece& piece : pieces) {
    if (piece.story.passes() == blocked) continue;
    if (told == nullptr || piece.ports.contains(usual_port)) told = &piece;
  }
  return told->story;
}

PortCoverage cover(const StoryTeller& teller, const CompiledPolicy& policy, const Inquiry& inquiry) {
  const Journey journey = inquiry.journey(policy);
  PortCoverage coverage;
  if (!has_ports(inquiry.request.protocol) || inquiry.request.transport != Transport::whole) {
    coverage.pieces.push_back({inquiry.source_ports, teller.tell(policy, inquiry.request, journey)});
    return coverage;
  }
  Cuts cuts(inquiry);
  add_side(cuts, policy, journey.leaves, inquiry.request.family());
  add_side(cuts, policy, journey.enters, inquiry.request.family());
  for (const PortRange& piece : cuts.pieces()) {
    Packet request = inquiry.request;
    if (!piece.contains(request.source_port)) request.source_port = piece.first;
    coverage.pieces.push_back({piece, teller.tell(policy, request, journey)});
  }
  return coverage;
}

}  // namespace vpcwall
